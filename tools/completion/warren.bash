# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash completion for warren(1)

_warren()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "run batch report bench shell diff commit discard layers check syscalls help --help --version" -- "$cur")
		return
	fi
	case ${COMP_WORDS[1]} in
	help)
		mapfile -t COMPREPLY < <(compgen -W "run batch report bench shell diff commit discard layers check syscalls" -- "$cur")
		return
		;;
	check)
		mapfile -t COMPREPLY < <(compgen -W "--help" -- "$cur")
		return
		;;
	syscalls)
		mapfile -t COMPREPLY < <(compgen -W "--help --markdown" -- "$cur")
		return
		;;
	shell | diff | commit | discard | layers)
		mapfile -t COMPREPLY < <(compgen -d -W "--help --json --null --patch --merge --with-lowers --prune" -- "$cur")
		return
		;;
	bench)
		case $prev in
		--rounds | --calls | --only | --fail-over | --peer) return ;;
		--setting) mapfile -t COMPREPLY < <(compgen -W "root foreign layer frozen touched" -- "$cur") ;;
		*)
			mapfile -t COMPREPLY < <(compgen -f -W "--help --json --html --from --compare --fail-over --quick --rounds --calls --only --setting --peer --workloads --root" -- "$cur")
			compopt -o filenames 2>/dev/null
			;;
		esac
		return
		;;
	report)
		mapfile -t COMPREPLY < <(compgen -f -W "--help --junit --slowest" -- "$cur")
		compopt -o filenames 2>/dev/null
		return
		;;
	run | batch) ;;
	*) return ;;
	esac
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then # the program and its arguments
			if ((i == COMP_CWORD - 1)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			else
				compopt -o default
			fi
			return
		fi
	done
	case $prev in
	--root | --cwd | --cow | --lower | --layer | --keep-failed | --collect) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-r | -w | --read | --write | --deny | --mount | --profile | --trace | --results | --resume | --junit) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	--limits) mapfile -t COMPREPLY < <(compgen -W "memory= processes= cpu= wall= files= file-size= best-effort" -- "$cur") ;;
	--net | --ipc) mapfile -t COMPREPLY < <(compgen -W "none host" -- "$cur") ;;
	--on-exit) mapfile -t COMPREPLY < <(compgen -W "keep discard commit commit-on-success" -- "$cur") ;;
	--env | --timeout | --layer-size | --layer-files | --jobs | -j | --retry | --seed | --shard | --prepare | --zygote | --batch-limits | --output-limit) ;;
	*)
		if [[ ${COMP_WORDS[1]} == batch ]]; then
			mapfile -t COMPREPLY < <(compgen -f -W "-r -w -j -k -q --root --read --write --deny --mount --cwd --env --clean-env --net --ipc --ipc
				--cow --lower --lower-frozen --layer-size --layer-files --limits --profile --jobs --timeout --retry --fail-fast --shuffle --seed --shard
				--keep-failed --collect --prepare --zygote --batch-limits --results --resume --rerun-failed --junit --ordered --follow --no-output --output-limit
				--quiet --help :::" -- "$cur")
			compopt -o filenames 2>/dev/null
			return
		fi
		mapfile -t COMPREPLY < <(compgen -W "-r -w --root --read --write --deny --mount --cwd --env --clean-env --net --ipc --ipc
			--cow --lower --lower-frozen --layer --layer-size --layer-files --on-exit --dry-run --limits --profile --timeout --stats --json --trace --help --" -- "$cur")
		;;
	esac
	compopt -o filenames 2>/dev/null
}
complete -F _warren warren
