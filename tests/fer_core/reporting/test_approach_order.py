"""Tables begin with the baseline's variants and the published EAC."""

from fer_core.records.compare import pair_with_baseline
from fer_core.records.groups import group_runs
from fer_core.records.run import read_runs
from fer_core.reporting.approach_order import in_reading_order


def test_the_baselines_variants_and_eac_come_before_others_and_most_seeds_first(
    tmp_path, write_run
):
    approaches = {
        "balanced": {"method": "eac_balanced"},
        "co-teaching": {"method": "co_teaching"},
        "heavy": {"method": "eac", "consistency_weight": 10.0},
        "light": {"method": "eac", "consistency_weight": 1.0, "ema_decay": 0.999},
        "eac": {"method": "eac"},
        "average": {"method": "cross_entropy", "ema_decay": 0.999},
        "baseline": {"method": "cross_entropy"},
    }
    for rate in (0.3, 0.1):
        for name, options in approaches.items():
            write_run(tmp_path, rate=rate, name=f"{name} {rate}", **options)
    write_run(tmp_path, seed=1, rate=0.1, name="seed1", method="cross_entropy")
    write_run(tmp_path, seed=1, rate=0.1, name="light seed1", **approaches["light"])
    pairs = in_reading_order(pair_with_baseline(group_runs(read_runs(tmp_path).runs)))
    order = ["average", "eac", "heavy", "light", "co-teaching", "balanced"]
    first = ["average", "light", "eac", "heavy", "co-teaching", "balanced"]
    names = [other.trials[0].record.name for _, other in pairs]
    assert names == [*(f"{name} 0.1" for name in first), *(f"{name} 0.3" for name in order)]
