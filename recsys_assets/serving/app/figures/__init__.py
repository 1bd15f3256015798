"""Plotly pictures: data -> Figure, by day and by night. No Streamlit."""
