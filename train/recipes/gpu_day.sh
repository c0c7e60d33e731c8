#!/usr/bin/env bash
# Half an hour on a machine with one GPU, in steps of ten minutes, from the root of the project. The most valuable plans
# come first, each step resumes the runs of the last one, and finished records are collected after each plan.
#   bash train/recipes/gpu_day.sh MINUTES WORK RECORDS DATA WEIGHTS [PER_GPU] [FIELD=VALUE ...]
# MINUTES   of this step; call again with the same WORK for the next step
# WORK      folder of the runs with their checkpoints, kept between the steps
# RECORDS   folder for copies of finished records, without checkpoints and weights
# DATA      as for --data, for example ferplus:PATH
# WEIGHTS   of MobileNetV2: a file, hub or none (docs/training.md, "Starting weights")
# PER_GPU   runs that share the GPU, by default 4
# FIELD=VALUE  options of every run; they override the plans'
# GPU_DAY_BARS, in the environment: options of benchmarks.train_step; without a GPU it runs only where they are given
# Afterwards: fer-core collect RECORDS/FOLDER fer_core/records/shipped_runs/FOLDER for each folder (study_parts and
# study_rivals share study64), move RECORDS/step-*.json to benchmarks/results, and run fer-core report.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
minutes=${1:?minutes of this step} work=${2:?folder of the runs} records=${3:?folder for finished records}
data=${4:?data set, see docs/data.md} weights=${5:?starting weights of MobileNetV2} per_gpu=${6:-4}
shift $(( $# < 6 ? $# : 6 ))
end=$(( SECONDS + minutes * 60 ))
status=0
mkdir -p "$work" "$records"

left() { echo $(( end - SECONDS )); }

ended() { # WHAT, its exit code; with 124 and 130 the step was over, and the next one goes on with it
  case $2 in
    0 | 124 | 130) ;;
    *) echo "$1 ended with code $2"; status=$2 ;;
  esac
}

run_plan() { # PLAN, folder of its runs and records, then FIELD=VALUE of this plan alone
  local plan=$1 folder=$2
  shift 2
  if (( $(left) < ${GPU_DAY_LEAST:-45} )); then
    echo "$plan: no time left in this step"
    return
  fi
  local code=0
  timeout --signal=INT --kill-after=15 "$(left)" \
    python -m train.sweep "$here/$plan.toml" --out "$work/$folder" --per-gpu "$per_gpu" \
    --set "data=$data" "$@" || code=$?
  ended "$plan: the sweep" "$code" # 1: a run failed; its record says why
  if grep -ls '"status": "finished"' "$work/$folder"/*/run.json >/dev/null; then
    python -m train.collect "$work/$folder" "$records/$folder"
  fi
}

run_plan gpu_mobilenetv2 gpu_mobilenetv2 "pretrained=$weights" "$@"
run_plan gpu_resnet50 gpu_resnet50 "pretrained=${GPU_DAY_RESNET50:-none}" "$@"
# How fast a step is, before the plans that half an hour will not finish.
if [[ -n ${GPU_DAY_BARS:-} ]] || python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
  for backbone in resnet50 mobilenetv2_100; do
    bars=step-$backbone-gpu
    if (( $(left) < ${GPU_DAY_LEAST:-45} )) || [[ -s $records/$bars.txt ]]; then
      continue # no time left, or measured in an earlier step
    fi
    code=0
    # shellcheck disable=SC2086 # several options
    timeout --signal=INT "$(left)" \
      python -m benchmarks.train_step --backbone "$backbone" --json "$work/$bars.json" \
      ${GPU_DAY_BARS:---device cuda} >"$work/$bars.txt" || code=$?
    if (( code == 0 )); then mv "$work/$bars".* "$records"; fi
    ended "$bars: the benchmark" "$code"
  done
fi
# Both are parts of one study and share its first runs.
run_plan study_parts study64 "pretrained=$weights" precision=bf16 "$@"
run_plan study_rivals study64 "pretrained=$weights" precision=bf16 "$@"
exit "$status"
