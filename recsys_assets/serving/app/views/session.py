"""Interactive Session: react to a list, or say what you think; the next list changes at once, and it is all kept."""

import streamlit as st

from recsys_assets.serving.app import aloud, asking, parts
from recsys_assets.serving.app.facts import sessions as facts
from recsys_assets.serving.app.facts.lists import change_in_words, facts_of, ids_of, moves, reasons_of, told_by
from recsys_assets.serving.app.figures.lists import reward_figure
from recsys_assets.serving.app.markup import Line, ordered, table, tiles
from recsys_assets.serving.app.store import settings
from recsys_assets.serving.app.talking import commented, ended, reacted, started

deployed = settings()
parts.heading(
    "Interactive Session", "React to a list: the next one changes at once, and what you did reaches the pipeline."
)

session: facts.Session | None = st.session_state.get("session")
if session is None:
    whom = st.segmented_control(
        "Who are you", ["A guest", "A known user"], default="A guest", required=True, key="session-whom"
    )
    left, right = st.columns(2)
    with left:
        user = asking.choose_user(key="session-user") if whom == "A known user" else None
    with right:
        model = asking.choose_model(key="session-model")
    left, right = st.columns(2)
    k = left.slider("Movies of a list", 3, 10, 5)
    explore = right.toggle(
        "Explore", help="Draw among the best 100 with known chances, so that other policies can be judged from it."
    )
    if st.button("Start", type="primary", icon=":material/play_arrow:"):
        started(user, k=k, model=model, explore=explore)
    st.stop()

shown = session.list_shown
parts.show(
    tiles(
        [
            ("Reward", f"{session.rewards[-1]:+.1f}" if session.done else "0", facts.counted(session.done)),
            (
                "You are",
                f"user {session.user_id}" if session.user_id else "a guest",
                f"session {session.session_id[-8:]}",
            ),
            ("Answered by", shown.answered_by.part, shown.model_version),
        ]
    )
)
if notice := st.session_state.pop("session-notice", ""):
    st.success(parts.as_text(notice), icon=":material/check:")
    aloud.say(f"{notice} {change_in_words(ids_of(session.before) if session.before else None, shown.movies)}")

parts.section("What do you do?", "Marked: what moved since the list before.")
changes = moves(session.before, shown)
for movie in shown.movies:
    with st.container(border=True):
        mark = changes[movie.movie_id].words if session.done else ""
        line = Line(movie.title, facts_of(movie), reasons_of(movie, 2), mark=mark)
        parts.show(ordered([line], label=movie.title, start=movie.position + 1))
        chosen = st.pills(
            f"What do you do with {parts.as_text(movie.title)}?",
            list(facts.ACTS),
            format_func=lambda a: facts.ACTS[a],
            key=f"act-{len(session.done)}-{movie.movie_id}",
            label_visibility="collapsed",
        )
        if chosen:
            reacted(session, movie, chosen)
parts.note(told_by(shown))

with st.form(f"comment-{len(session.done)}"):
    st.markdown("**Or say it in words**")
    about = st.selectbox("About", shown.movies, format_func=lambda m: m.title)
    text = st.text_area("Comment", max_chars=2_000, placeholder="loved the twist, a little too long")
    if st.form_submit_button("Send", icon=":material/send:") and text.strip():
        commented(session, about, text)

if session.done:
    parts.section("So far")
    parts.chart(
        reward_figure(session.rewards, [a.action for a in session.done], theme=parts.theme()),
        alt=f"Reward so far {session.rewards[-1]:+.1f}; "
        + ", ".join(f"{n} {a}" for a, n in session.counts.items() if n),
        key="reward",
    )
    parts.show(
        table(
            ("movie", "what you did", "reward", "what you said"),
            [(a.title, a.action, f"{a.reward:+.1f}", a.text) for a in reversed(session.done)],
            caption="This session, the last act first",
            numbers=(2,),
        )
    )
    parts.note(
        "Each act is an event in the inbox, on disk before this page said so; a batch is sealed a minute after its "
        "first event, and the sensor takes it into the next training. `recsys feedback status` tells how far it is."
    )
if st.button("End this session", icon=":material/stop:"):
    ended()
