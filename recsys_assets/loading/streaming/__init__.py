"""The training-data pipeline over a snapshot on disk or in an object store, with workers that change while it runs.

    row groups -> fetch -> decode -> sample (windows, negatives) -> shuffle -> batch (pad) -> ready batches

`snapshot` is what is read, `storage` where from, `stages` the work, `engine` who does it, `gauges` what is measured.
"""
