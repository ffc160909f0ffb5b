/* A test that others would disturb: it makes a file and insists that it was not there. */
#include <stdio.h>

int main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "wx") : NULL;

	if (!f) {
		perror(argc > 1 ? argv[1] : "usage: writes FILE");
		return 1;
	}
	fputs("mine\n", f);
	return fclose(f) != 0;
}
