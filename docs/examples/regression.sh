#!/bin/sh
# A regression run: each script in a sandbox over the same tree, which stays as it is; what a failed one left can be
# entered afterwards.
#
#     regression.sh DIR-OF-SCRIPTS
set -eu
cd "$1"
exec "${WARREN:-warren}" batch -r / --cow . --limits processes=100,cpu=120,best-effort --timeout 300 --retry 1 \
	--results results.jsonl --junit results.xml --keep-failed "${LAYERS:-/tmp/failed}" 'python3 {}' ::: ./*.py
