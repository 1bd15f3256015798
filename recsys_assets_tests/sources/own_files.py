"""A small shop's files, as no data set publishes them."""

from __future__ import annotations

from pathlib import Path

SHOP_MAPPING = """
title = "Corner shop"
licence = "ours"
text_ids = ["user_id", "movie_id"]

[ratings]
file = "orders/*.tsv"
columns = { user_id = "customer", movie_id = "product", rating = "score", timestamp = "when" }
scale = [1, 10]
time = "iso"

[movies]
file = "products.csv"
delimiter = ";"
encoding = "latin-1"
null = "n/a"
columns = { movie_id = "sku", title = "name", genres = "categories" }
separator = "/"

[imdb_movies]
file = "products.csv"
delimiter = ";"
encoding = "latin-1"
columns = { title = "name", cast = ["lead", "second"], description = "blurb" }
"""

ORDERS = {
    "2024-01.tsv": (
        "when\tcustomer\tproduct\tscore\n"
        "2024-01-05T10:00:00+02:00\tann@x.org\tSKU-1\t10\n"
        "2024-01-06\tbob@x.org\tSKU-2\t1\n"
        "2024-01-07 12:30:00\tann@x.org\tSKU-2\t11\n"
    ),
    "2024-02.tsv": (
        "score\tcustomer\tproduct\twhen\n"  # columns in another order
        "5.5\tann@x.org\tSKU-3\t2024-02-01T00:00:00Z\n"
        "7\tcyd@x.org\tSKU-9\t2024-02-02T00:00:00Z\n"
    ),
}
PRODUCTS = (
    "sku;name;categories;lead;second;blurb\n"
    "SKU-1;Café (1999);Drama/Comedy;Ann;Bo;A café.\n"
    'SKU-2;"Semi;colon (2001)";n/a;Cy;;Two.\n'
    "SKU-3;Third (2002);Drama;;;Three.\n"
)


def shop(folder: Path) -> Path:
    """Write the shop's files."""
    (folder / "orders").mkdir(parents=True)
    for name, text in ORDERS.items():
        (folder / "orders" / name).write_text(text, encoding="utf-8")
    (folder / "products.csv").write_text(PRODUCTS, encoding="latin-1")
    return folder
