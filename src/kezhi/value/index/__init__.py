"""The index system 指标体系: a tree of indices that makes one score of many measures."""
