#!/bin/sh
# kcat: lists, produces with each codec, consumes by partition and by group, and its group resumes.
set -eu
bootstrap=$1 topic=kcat
for codec in none gzip snappy lz4; do
    seq 1 50 | sed "s/^/$codec-/" | kcat -q -b "$bootstrap" -P -t "$topic" -z "$codec" -X acks=all
done
kcat -b "$bootstrap" -L | grep -q "topic \"$topic\""
[ "$(kcat -q -b "$bootstrap" -C -t "$topic" -o beginning -e | sort -u | wc -l)" = 200 ]
read_group() { timeout 60 kcat -q -b "$bootstrap" -G kcat-readers -X auto.offset.reset=earliest -c "$1" "$topic"; }
first=$(read_group 120)
rest=$(read_group 80)
[ "$(printf '%s\n%s\n' "$first" "$rest" | sort -u | wc -l)" = 200 ]
echo "kcat: ok"
