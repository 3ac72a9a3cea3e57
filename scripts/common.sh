# Shared by the scripts: a virtual environment of the project's own, made once and renewed when pyproject.toml changes.
# Sourced, with the wanted extras in $EXTRAS and further packages in $PACKAGES; leaves $PYTHON.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
VENV="${DOWNSLOPE_VENV:-.venv}"

is_enough() {
  command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then # the one that was asked for, or none
    if is_enough "$PYTHON"; then
      command -v "$PYTHON"
      return
    fi
    echo "PYTHON=$PYTHON does not run, or is older than 3.11." >&2
    return 1
  fi
  for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if is_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  echo "Python 3.11 or later is needed. Set PYTHON=/path/to/python3 if it is not on the path." >&2
  return 1
}

version_of() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'
}

base_python=$(find_python) || exit 1
if [ ! -x "$VENV/bin/python" ]; then
  echo "== making a virtual environment in $VENV with $base_python"
  "$base_python" -m venv "$VENV"
elif [ -n "${PYTHON:-}" ] && [ "$(version_of "$base_python")" != "$(version_of "$VENV/bin/python")" ]; then
  echo "$VENV has Python $(version_of "$VENV/bin/python"), and PYTHON=$PYTHON is $(version_of "$base_python")." >&2
  echo "Remove $VENV, or set DOWNSLOPE_VENV to another folder." >&2
  exit 1
fi
PYTHON="$PWD/$VENV/bin/python"
case "$VENV" in /*) PYTHON="$VENV/bin/python" ;; esac

wanted="$(cat pyproject.toml scripts/common.sh | cksum) extras=${EXTRAS} packages=${PACKAGES}"
stamp="$VENV/.downslope-${STAMP}"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  for package in $PACKAGES; do
    echo "== installing $package"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check "$package"
  done
  echo "== installing downslope${EXTRAS} (the first time this takes a minute or two)"
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --editable ".${EXTRAS}"
  printf '%s' "$wanted" > "$stamp"
fi
