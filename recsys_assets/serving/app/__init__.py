"""The web app: twelve pages over the API and published files. `recsys app` starts it.

A page (`views/`) only lays out what plain functions give it: `facts` read files and ask services, `figures` draw with
Plotly, `parts` are the pieces that pages share. Only pages, `parts` and `store` know Streamlit.
"""
