#!/bin/sh
# Builds one target with coverage instrumentation on the stable compiler and runs it on its corpus: `./run.sh filter -max_total_time=60`.
# No address sanitizer: `scim` and all it uses in these targets forbid or avoid `unsafe`; what is looked for is panics, hangs and lies.
set -eu
cd "$(dirname "$0")"
name=$1
shift
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
# With --target the build scripts stay uninstrumented.
host=$(rustc -vV | sed -n 's/^host: //p')
cargo build --release --bin "$name" --target "$host"
mkdir -p "corpus/$name" "artifacts/$name"
exec "target/$host/release/$name" -dict=scim.dict -artifact_prefix="artifacts/$name/" "$@" "corpus/$name"
