"""What the native engine's tests share: the engines of this machine, random cases, references. No tests are here."""
