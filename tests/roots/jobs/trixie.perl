# Perl: files, directories, processes.
cat >t.pl <<'END'
use strict; use warnings;
use Cwd qw(getcwd abs_path); use File::Find; use File::Temp qw(tempfile tempdir); use File::Copy; use File::Path qw(make_path rmtree);
use Fcntl qw(:flock :DEFAULT); use POSIX qw(mkfifo :sys_wait_h);
make_path("a/b/c"); open(my $f, ">", "a/b/f") or die; print $f "text\n" x 3; close $f;
symlink("b/f", "a/l"); link("a/b/f", "a/h"); mkfifo("a/p", 0640); chmod 0604, "a/h"; utime 5, 6, "a/h";
find({no_chdir => 1, wanted => sub { my @s = lstat $_; printf "%s %o %d %s\n", $_, $s[2], $s[3], -d _ ? "" : $s[7] },
	preprocess => sub { sort @_ }}, "a");
print join(",", map { -e $_ ? 1 : 0 } "a/l", "a/none"), " ", readlink("a/l"), " ", (stat "a/h")[9], "\n";
print getcwd(), " ", abs_path("a/l"), "\n";
chdir "a/b/c" or die; print getcwd(), " ", abs_path(".."), "\n"; chdir "/work";
copy("a/h", "copy") or die; move("copy", "moved") or die; print -s "moved", "\n";
sysopen(my $x, "moved", O_RDWR | O_CREAT | O_EXCL) and die; print "$!\n";
opendir(my $d, "a") or die; print join(" ", sort readdir $d), "\n"; rewinddir $d; print scalar(() = readdir $d), "\n";
my ($t, $n) = tempfile(DIR => "a"); print length($n), " ", flock($t, LOCK_EX | LOCK_NB) ? "locked" : "no", "\n";
my $td = tempdir(CLEANUP => 1); print -d $td ? "dir\n" : "none\n";
pipe(my $r, my $w); my $pid = fork; if (!$pid) { close $r; print $w "child in ", getcwd(), "\n"; exit 5 }
close $w; print <$r>; waitpid $pid, 0; print $? >> 8, "\n";
print `echo backtick; exit 3`, $? >> 8, "\n"; print system("false") >> 8, " ", system({"sh"} "x", "-c", "exit 4") >> 8, "\n";
for (["mkdir", sub { mkdir "a" }], ["rmdir", sub { rmdir "a" }], ["unlink", sub { unlink "a/none" }],
	["rename", sub { rename "a", "a/b/a" }], ["open", sub { open my $g, "<", "a/none" }], ["opendir", sub { opendir my $g, "moved" }],
	["chdir", sub { chdir "moved" }], ["exec", sub { no warnings; exec "/work/moved" }], ["readlink", sub { readlink "moved" }])
{ print "$_->[0]: ", $_->[1]->() ? "ok" : $!, "\n" }
rmtree("a"); print -e "a" ? "left\n" : "gone\n"; print "$^X $0\n";
END
perl t.pl
