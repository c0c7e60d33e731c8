#!/usr/bin/env bash
# The project report's tables on RAF-DB: all runs, then plain against EAC, then ours beside the published.
# Usage: train/recipes/rafdb_report.sh RAFDB_FOLDER [FOLDER OF RECORDS [OPTIONS OF train.sweep ...]]
# The same command goes on where it stopped. PLAN names another plan. Not run here: RAF-DB is on request.
set -euo pipefail
data=${1:?folder of RAF-DB, see docs/data.md}
out=${2:-runs/rafdb_report}
python -m train.sweep "${PLAN:-train/recipes/rafdb_report.toml}" --out "$out" --set "data=rafdb:$data" "${@:3}"
echo
python -m train.report --records "$out" --show noise
echo
python -m train.report --records "$out" --show published
