"""The training-data pipeline: histories -> windows and negatives -> shuffle -> padded batches -> tensors.

A stage is a file: `sequences` (source), `windows` and `negatives` (transform), `shuffle`, `batches`, `threads`
(workers and prefetching), `tensors`; `pipeline` puts them in a row.
"""
