#!/usr/bin/env bash
# Debian packages that the tests with real peers need: an RTSP server, ffmpeg with ffprobe, a browser and fonts, PostgreSQL,
# and for DICOM senders, an archive with STOW-RS, and a checker of files (dciodvfy).
# Quick when all is there; needs root and apt elsewise.
set -euo pipefail

packages=(
    chromium dcmtk dicom3tools ffmpeg fonts-dejavu-core gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly orthanc orthanc-dicomweb postgresql
    python3-gi
)
missing=()
for package in "${packages[@]}"; do
    state="$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)"
    [[ "$state" == installed ]] || missing+=("$package")
done
if ((${#missing[@]})); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
echo "peers for the tests are installed"
