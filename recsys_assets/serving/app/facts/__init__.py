"""What pages say: read from published files, Dagster and MLflow, as frozen dataclasses and frames. No Streamlit."""
