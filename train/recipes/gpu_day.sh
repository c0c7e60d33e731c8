#!/usr/bin/env bash
# Half an hour on a machine with one GPU, in steps of ten minutes, from the root of the project. The most valuable plans
# come first, each step resumes the runs of the last one, and finished records are collected after each plan.
#   bash train/recipes/gpu_day.sh MINUTES WORK RECORDS DATA WEIGHTS [PER_GPU] [FIELD=VALUE ...]
# MINUTES   of this step; call again with the same WORK for the next step
# WORK      folder of the runs with their checkpoints, kept between the steps
# RECORDS   folder for copies of finished records, without checkpoints and weights
# DATA      as for --data, for example ferplus:PATH
# WEIGHTS   of MobileNetV2: a file, hub or none (docs/training.md, "Starting weights")
# PER_GPU   runs that share the GPU, by default 4; under NVIDIA MPS an H200 takes 12 (docs/experiments.md)
# FIELD=VALUE  options of every run; they override the plans'
# In the environment:
# GPU_DAY_RESNET50  starting weights of ResNet-50, by default hub
# GPU_DAY_FER2013   the data with 7 classes, for FER2013's own labels; by default DATA?classes=7
# GPU_DAY_BARS      options of benchmarks.train_step; without a GPU it runs only where they are given
# Afterwards: fer-core collect RECORDS/FOLDER fer_core/records/shipped_runs/FOLDER for both folders (the plans of a backbone
# share one), move RECORDS/step-*.json to benchmarks/results, and run make report.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
minutes=${1:?minutes of this step} work=${2:?folder of the runs} records=${3:?folder for finished records}
data=${4:?data set, see docs/data.md} weights=${5:?starting weights of MobileNetV2} per_gpu=${6:-4}
shift $(( $# < 6 ? $# : 6 ))
fer2013=${GPU_DAY_FER2013:-$data?classes=7} resnet50=pretrained=${GPU_DAY_RESNET50:-hub}
mobilenetv2=pretrained=$weights
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

run_plan() { # PLAN, folder of its runs and records, then FIELD=VALUE
  local plan=$1 folder=$2
  shift 2
  if (( $(left) < ${GPU_DAY_LEAST:-45} )); then
    echo "$plan: no time left in this step"
    return
  fi
  local code=0
  timeout --signal=INT --kill-after=15 "$(left)" \
    python -m train.sweep "$here/$plan.toml" --out "$work/$folder" --per-gpu "$per_gpu" \
    --set "$@" || code=$?
  ended "$plan: the sweep" "$code" # 1: a run failed; its record says why
  if grep -ls '"status": "finished"' "$work/$folder"/*/run.json >/dev/null; then
    python -m train.collect "$work/$folder" "$records/$folder"
  fi
}

run_plan gpu_resnet50 gpu_resnet50 "data=$data" "$resnet50" "$@"
run_plan gpu_mobilenetv2 gpu_mobilenetv2 "data=$data" "$mobilenetv2" "$@"
run_plan gpu_mobilenetv2_fer2013 gpu_mobilenetv2 "data=$fer2013" "$mobilenetv2" "$@"
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
run_plan gpu_resnet50_fer2013 gpu_resnet50 "data=$fer2013" "$resnet50" "$@"
run_plan gpu_resnet50_rates gpu_resnet50 "data=$data" "$resnet50" "$@"
run_plan gpu_mobilenetv2_rates gpu_mobilenetv2 "data=$data" "$mobilenetv2" "$@"
exit "$status"
