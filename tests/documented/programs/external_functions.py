"""Functions of other libraries, wrapped."""

import math
import statistics

from genspan import mlflow

print(mlflow.trace(math.factorial)(5))

traced_mean = mlflow.trace(statistics.mean, name="mean", attributes={"unit": "m"})


@mlflow.trace
def summary(values: list[float]) -> dict[str, float]:
    return {"mean": traced_mean(values), "factorial": mlflow.trace(math.factorial)(3)}


print(summary([1.0, 2.0, 6.0]))
