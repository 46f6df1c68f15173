"""Adapters to begin with, one folder a language: they speak the protocol and answer that everything is unsupported."""
