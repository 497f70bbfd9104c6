"""rcx btyd beside lifetimes: fitting BG/NBD, from arrays in memory to parameters.

    python bench/peers/btyd_lifetimes.py build/release/rcx CUSTOMERS.csv

CUSTOMERS.csv has the columns frequency, recency, T. lifetimes is timed around fit(); rcx by `rcx btyd fit
--json`, whose fit_seconds covers grouping equal customers and fitting, and not reading the file. The best of five
runs of rcx, of three (one for more than 100,000 customers) of lifetimes. Prints one JSON object."""
import json
import subprocess
import sys
import time
import warnings


def main():
    warnings.simplefilter("ignore")
    import pandas
    from lifetimes import BetaGeoFitter
    rcx, path = sys.argv[1:]
    data = pandas.read_csv(path)
    ours, theirs = [], []
    for _ in range(5):
        done = subprocess.run([rcx, "btyd", "fit", "--data", path, "--model", "bgnbd", "--json"], check=True,
                              capture_output=True, text=True)
        ours.append(json.loads(done.stdout))
    for _ in range(1 if len(data) > 100000 else 3):
        begin = time.perf_counter()
        fitter = BetaGeoFitter(penalizer_coef=0).fit(data["frequency"], data["recency"], data["T"])
        theirs.append(time.perf_counter() - begin)
    best = min(run["fit_seconds"] for run in ours)
    print(json.dumps({"customers": len(data), "rcx_seconds": best, "lifetimes_seconds": min(theirs),
                      "ratio": min(theirs) / best, "rcx": ours[0]["purchases"]["parameters"],
                      "lifetimes": dict(fitter.params_)}, default=float))


main()
