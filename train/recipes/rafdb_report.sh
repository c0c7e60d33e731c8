#!/usr/bin/env bash
# The tables of the HUST report (2024) on RAF-DB: all runs, then the cross-entropy baseline against EAC, then ours
# next to the published results.
# Usage: train/recipes/rafdb_report.sh RAFDB_FOLDER [FOLDER OF RECORDS [OPTIONS OF train.sweep ...]]
# The same command resumes. PLAN names another plan. Not run here: RAF-DB is available on request only.
set -euo pipefail
data=${1:?folder of RAF-DB, see docs/data.md}
out=${2:-runs/rafdb_report}
python -m train.sweep "${PLAN:-train/recipes/rafdb_report.toml}" --out "$out" --set "data=rafdb:$data" "${@:3}"
echo
python -m train.report --records "$out" --show noise
echo
python -m train.report --records "$out" --show published
