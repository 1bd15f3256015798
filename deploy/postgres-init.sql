-- Dagster's history is in the database `dagster`, which the image makes; MLflow's is in one of its own.
CREATE DATABASE mlflow OWNER recsys;
