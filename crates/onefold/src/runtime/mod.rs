//! Pipelines running: one engine a pipeline, each with its log, its lanes and its sink.
