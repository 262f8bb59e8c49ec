#!/bin/sh
# The GPU benchmarks of Margo, with all they need but the graphics driver: ./run.sh [--full] [--only PART]
# Needs neither a network nor Node. Results are printed, and written to gpu.md and gpu.json in the folder it is called from.
set -eu
PATH="${PATH:-}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
export PATH
here=$(cd "$(dirname "$0")" && pwd)

# Node is packed; it is unpacked once, beside its package or where that cannot be written.
place=$here
[ -w "$place" ] || place=${TMPDIR:-/tmp}
node=$place/node
if [ ! -x "$node" ]; then
  gzip -dc "$here/node.gz" >"$node.$$"
  chmod 755 "$node.$$"
  mv "$node.$$" "$node"
fi

# Libraries that the machine has come first; ours fill the gaps.
spare=$(mktemp -d "${TMPDIR:-/tmp}/margo-lib.XXXXXX")
trap 'rm -rf "$spare"' EXIT
if ! "$node" --version >/dev/null 2>&1; then
  for name in libstdc++.so.6 libgcc_s.so.1; do [ -e "$here/lib/$name" ] && ln -s "$here/lib/$name" "$spare/$name"; done
fi
if ! { ldconfig -p 2>/dev/null || true; } | grep -q 'libvulkan\.so\.1'; then
  [ -e "$here/lib/libvulkan.so.1" ] && ln -s "$here/lib/libvulkan.so.1" "$spare/libvulkan.so.1"
fi
LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$spare"
export LD_LIBRARY_PATH

# In containers NVIDIA's driver is often there without the file that names it.
if [ -z "${VK_ICD_FILENAMES:-}${VK_DRIVER_FILES:-}" ]; then
  named=
  for folder in /etc/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d; do
    for file in "$folder"/*nvidia*.json; do [ -e "$file" ] && named=$file; done
  done
  if [ -z "$named" ] && { ldconfig -p 2>/dev/null || true; } | grep -q 'libGLX_nvidia\.so\.0'; then
    printf '{"file_format_version":"1.0.0","ICD":{"library_path":"libGLX_nvidia.so.0","api_version":"1.3.0"}}\n' >"$spare/nvidia_icd.json"
    VK_DRIVER_FILES=$spare/nvidia_icd.json
    VK_ICD_FILENAMES=$VK_DRIVER_FILES
    export VK_DRIVER_FILES VK_ICD_FILENAMES
    echo "no file names NVIDIA's Vulkan driver, so this run does" >&2
  fi
fi

"$node" "$here/bench/gpu/bench.mjs" --out . "$@"
