"""The app's entry: the list of pages. `recsys app` runs it; `streamlit run` does too, without the API beside it.

Pages lie in `views/`: a folder `pages` would be taken for an app of Streamlit's older kind, and a page that is opened
before the first one would be run without this file.
"""

from __future__ import annotations

import streamlit as st

from recsys_assets.serving.app import aloud, parts
from recsys_assets.serving.app.contents import GROUPS
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.store import settings

st.set_page_config(page_title="recsys_assets", page_icon=parts.icon(), layout="wide")
parts.style()
aloud.begin()
pages = {
    group: [st.Page(f"views/{p.file}.py", title=p.title, icon=p.icon, url_path=p.file, default=p.default) for p in of]
    for group, of in GROUPS.items()
}
chosen = st.navigation(pages, position="sidebar", expanded=True)
with st.sidebar:
    parts.show(f'<p class="rx-note">Data set: {plain(settings().dataset)}</p>')
chosen.run()
