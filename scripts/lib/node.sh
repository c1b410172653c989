# shellcheck shell=bash
# A node of Kubernetes on this machine: containerd, kubelet, the controllers, kube-proxy and what enforces NetworkPolicies, in
# namespaces of their own (processes, mounts, network). Whatever they change of the machine ends with the first process of these namespaces.
# Sourced by scripts/try-cluster, which runs all of it but node_enter inside of them.

NODE_PACKAGES="podman runc netavark containerd containernetworking-plugins nftables iptables ipset"
NODE_IP=172.31.255.1
PODS=10.244.0.0/16
SERVICES=10.96.0.0/16
NAMES_IP=10.96.0.10 # scripts/cluster/names.yaml
CGROUP=porter-cluster

# node_enter COMMAND …: as the first process of namespaces of its own, whose end ends all others.
node_enter()
{
    local code=0
    unshare --net --mount --pid --uts --fork --kill-child --mount-proc "$@" &
    NODE=$!
    wait "$NODE" || code=$?
    return "$code"
}

# Also when we were told to end: unshare itself listens to nothing else.
node_leave()
{
    kill -KILL "${NODE:-}" 2>/dev/null || true
    wait
    for _ in 1 2 3; do # The last processes may still be on their way.
        find /sys/fs/cgroup/*/"$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
        compgen -G "/sys/fs/cgroup/*/$CGROUP" >/dev/null || return 0
        sleep 0.5
    done
}

# What is written on the system's folders goes to STATE; /run is empty.
node_mounts()
{
    local folder
    for folder in etc var; do
        mkdir -p "$STATE/over/$folder" "$STATE/over/$folder.work"
        mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$STATE/over/$folder,workdir=$STATE/over/$folder.work" "/$folder"
    done
    mount -t tmpfs tmpfs /run
    printf 'nameserver %s\nsearch svc.cluster.local cluster.local\noptions ndots:5\n' "$NAMES_IP" >/etc/resolv.conf
    # kubelet's root has to be there; a set of processors is empty until it is told.
    for folder in /sys/fs/cgroup/*/; do
        [[ $folder == */unified/ ]] || mkdir -p "$folder$CGROUP"
    done
    for folder in cpus mems; do
        cat "/sys/fs/cgroup/cpuset/cpuset.$folder" >"/sys/fs/cgroup/cpuset/$CGROUP/cpuset.$folder"
    done
}

# The node has an address; what is for nobody's goes to a wire without an end.
node_network()
{
    ip link set lo up
    ip link add node0 type veth peer name node1
    ip addr add "$NODE_IP/24" dev node0
    ip link set node0 up
    ip link set node1 up
    ip route add default dev node0
    sysctl -q -w net.ipv4.ip_forward=1
    mkdir -p "$STATE/cni"
    cat >"$STATE/cni/pods.conflist" <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
    {"type": "ptp", "ipMasq": false,
     "ipam": {"type": "host-local", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
}

node_containerd()
{
    cat >"$STATE/containerd.toml" <<END
version = 2
root = "$STATE/containerd"
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/porter-pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
END
    spawn_part containerd containerd --config "$STATE/containerd.toml"
    until_so 30 containerd ctr version
}

node_kubelet()
{
    cat >"$STATE/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
clusterDNS: [$NAMES_IP]
clusterDomain: cluster.local
podLogsDir: $STATE/pods
volumePluginDir: $STATE/plugins
END
    spawn_part kubelet "$DIR/bin/kubelet" --kubeconfig "$KUBECONFIG" --config "$STATE/kubelet.yaml" --root-dir "$STATE/kubelet" \
        --cert-dir "$STATE/kubelet-pki" --hostname-override node --node-ip "$NODE_IP"
}

node_proxy()
{
    cat >"$STATE/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: "$KUBECONFIG"}
mode: nftables
clusterCIDR: $PODS
hostnameOverride: node
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
    spawn_part kube-proxy "$DIR/bin/kube-proxy" --config "$STATE/proxy.yaml"
}

# Who may talk to whom, in packet filters; which need the node's own chains to be there.
node_policies()
{
    spawn_part kube-router "$DIR/bin/kube-router" --kubeconfig "$KUBECONFIG" --run-router=false --run-service-proxy=false \
        --run-firewall=true --enable-cni=false --service-cluster-ip-range="$SERVICES" --hostname-override=node --health-port=0 --metrics-port=0
}

node_ready()
{
    ask wait --for=condition=Ready node/node --timeout=1s
}

# The API server is there: all that makes pods of its resources, and runs them.
node_start()
{
    spawn_part kube-controller-manager "$DIR/bin/kube-controller-manager" --kubeconfig "$KUBECONFIG" --leader-elect=false \
        --service-account-private-key-file="$STATE/accounts.key" --root-ca-file="$STATE/certificates/apiserver.crt" \
        --cert-dir="$STATE/controllers-pki"
    spawn_part kube-scheduler "$DIR/bin/kube-scheduler" --kubeconfig "$KUBECONFIG" --leader-elect=false --cert-dir="$STATE/scheduler-pki"
    node_proxy
    node_kubelet
    until_so 120 kubelet node_ready
    node_policies
    ask apply -f "$ROOT/scripts/cluster/names.yaml"
    ask rollout status --namespace kube-system deployment/coredns --timeout=60s
}
