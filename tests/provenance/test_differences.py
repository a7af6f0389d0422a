from tfrun.provenance import differences, surroundings


def test_the_same_surroundings_differ_in_nothing():
    assert differences.of_surroundings(surroundings(), surroundings()) == []


def test_packages_machine_and_code_are_each_named():
    now = surroundings()
    then = {**now, "packages": {**now["packages"], "numpy": "1.0"}, "cores": 64, "command": ["tfrun", "+experiment=x"],
            "cpu_flags": [*now["cpu_flags"], "amx_tile"], "git": {"commit": "0" * 40, "dirty": True, "untracked": []}}  # fmt: skip
    now["git"] = {"commit": "1" * 40, "dirty": False, "untracked": []}
    told = [str(item) for item in differences.of_surroundings(then, now)]
    for start in (
        "package numpy: 1.0 → ",
        "usable cores: 64 → ",
        "CPU flags: amx_tile → nothing",
        "command: tfrun +experiment=x → ",
    ):
        assert any(line.startswith(start) for line in told), (start, told)
    assert "git commit: 000000000000 → 111111111111" in told and "git changes: with uncommitted changes → clean" in told


def test_many_packages_are_one_line_and_what_an_older_run_did_not_write_is_not_compared():
    now = surroundings()
    told = differences.of_surroundings({"packages": dict.fromkeys(now["packages"], "0")}, now)
    assert len(told) == 9 and "more packages" in told[-1].what
    assert differences.of_surroundings({}, now) == []


def test_a_gpu_that_is_gone_and_data_that_changed_are_named():
    then = {"gpus": [{"device_name": "Tesla T4"}], "threads": {"intra_op": 4, "inter_op": 0}}
    now = {"gpus": [], "threads": {"intra_op": 0, "inter_op": 0}}
    assert [str(item) for item in differences.of_devices(then, now)] == [
        "GPUs: Tesla T4 → none", "threads: intra_op 4 → intra_op 0",
    ]  # fmt: skip
    data = [{"fingerprint": letter * 64, "rows": {"train": count}} for letter, count in (("a", 3), ("b", 4))]
    (told,) = differences.of_data(*data)
    assert str(told) == f"data, changed since the run: {'a' * 12}, rows 3 → {'b' * 12}, rows 4"
