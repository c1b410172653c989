# shellcheck shell=sh
# Sourced by scripts of sh and bash.

# The address that this machine's own Debian packages come from; nothing on another system.
debian_mirror() {
    {
        # Either form of list may be missing.
        sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources || true
        sed -n 's/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' \
            /etc/apt/sources.list /etc/apt/sources.list.d/*.list || true
    } 2>/dev/null | tr ' ' '\n' | grep '/debian/\{0,1\}$' | head -n 1 || true
}
