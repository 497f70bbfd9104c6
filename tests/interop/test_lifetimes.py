"""The Python package lifetimes fits and predicts the same: parameters, P(alive), expectations, on generated
customers and, with RCX_DATA_DIR, on CDNOW."""
import csv
import json
import os
import pathlib
import subprocess
import warnings

import pytest

RCX = os.environ.get("RCX", "build/release/rcx")
CDNOW = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nowhere")) / "cdnow_customers_summary.csv"
FITTERS = {"bgnbd": "BetaGeoFitter", "mbgnbd": "ModifiedBetaGeoFitter", "pareto": "ParetoNBDFitter"}


@pytest.fixture
def lifetimes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("lifetimes")


def rcx(*arguments):
    done = subprocess.run([RCX, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def generated(path, model="bgnbd"):
    """2,000 customers of a BG/NBD (Pareto/NBD) shop, with values."""
    np = pytest.importorskip("numpy")
    draw = np.random.default_rng(4)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["frequency", "recency", "T", "monetary_value"])
        for _ in range(2000):
            rate, leave, age = draw.gamma(.9, 1 / 7), draw.beta(.9, 3), draw.uniform(30, 60)
            end = age
            if model == "pareto":
                leave, end = 0, min(age, draw.exponential(1 / draw.gamma(.8, 1 / 12)))
            time, x, last = draw.exponential(1 / rate), 0, 0.0
            while time < end:
                x, last = x + 1, time
                if draw.random() < leave:
                    break
                time += draw.exponential(1 / rate)
            value = draw.gamma(5 * max(x, 1), 1 / draw.gamma(4, 1 / 20)) / max(x, 1)
            writer.writerow([x, repr(last), repr(age), repr(value) if x else ""])
    return path


@pytest.fixture(params=["generated", "cdnow"])
def data(request, tmp_path, model):
    if request.param == "generated":
        return generated(tmp_path / "data.csv", model)
    if not CDNOW.exists():
        pytest.skip("skipped: no data")
    return CDNOW


def columns(path):
    np = pytest.importorskip("numpy")
    rows = list(csv.DictReader(path.open()))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", FITTERS)
def test_same_parameters_and_predictions(data, model, lifetimes, tmp_path):
    np = pytest.importorskip("numpy")
    given = columns(data)
    x, t_x, age = given["frequency"], given["recency"], given["T"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = getattr(lifetimes, FITTERS[model])(penalizer_coef=0).fit(x, t_x, age)
    ours = json.loads(rcx("btyd", "fit", "--data", data, "--model", model, "-o", tmp_path / "m.json",
                          "--json"))["purchases"]
    names = {"r": "r", "alpha": "alpha", "a": "a", "b": "b", "s": "s", "beta": "beta"}
    found = np.array([ours["parameters"][name] for name in peer.params_.index])
    assert [names[n] for n in peer.params_.index] == list(ours["parameters"])
    assert found == pytest.approx(peer.params_.to_numpy(), rel=2e-3 if model == "pareto" else 2e-4)
    rcx("btyd", "predict", "--data", data, "--fit", tmp_path / "m.json", "--horizon", "39w", "-o", tmp_path / "p.csv")
    got = columns(tmp_path / "p.csv")
    peer.params_[:] = found  # the formulas at the same parameters
    alive = np.asarray(peer.conditional_probability_alive(x, t_x, age))
    assert got["p_alive"] == pytest.approx(alive, rel=1e-8, abs=1e-10)
    expected = np.asarray(peer.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, age))
    assert got["expected_purchases_39w"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_same_gamma_gamma(lifetimes, tmp_path):
    np = pytest.importorskip("numpy")
    data = generated(tmp_path / "data.csv")
    given = columns(data)
    some = given["frequency"] > 0
    peer = lifetimes.GammaGammaFitter(penalizer_coef=0).fit(given["frequency"][some], given["monetary_value"][some])
    ours = json.loads(rcx("btyd", "fit", "--data", data, "-o", tmp_path / "m.json", "--json"))["money"]
    found = [ours["parameters"][name] for name in "pqv"]
    assert found == pytest.approx(list(peer.params_[["p", "q", "v"]]), rel=2e-3)
    rcx("btyd", "predict", "--data", data, "--fit", tmp_path / "m.json", "-o", tmp_path / "p.csv")
    got = columns(tmp_path / "p.csv")["expected_order_value"][some]
    peer.params_[["p", "q", "v"]] = found
    expected = peer.conditional_expected_average_profit(given["frequency"][some], given["monetary_value"][some])
    assert got == pytest.approx(np.asarray(expected), rel=1e-9)
