"""k8s/ as kustomize builds it: what Kubernetes and the operators would take, and what our pods may do."""
import re
import subprocess
from ipaddress import ip_network

import pytest
import yaml

from harness.kustomize import OURS, VERSIONS, configuration, conforms, kustomized, of_kind, pods, policies_of, selector, setting, templates
from harness.process import ROOT, printed
from harness.rollout import Manifest

OVERLAYS = ("dev", "production")


@pytest.fixture(scope="module", params=OVERLAYS)
def built(request, tmp_path_factory):
    """The overlay's text. Its secrets are made as its head says, in a copy."""
    folder = tmp_path_factory.mktemp("k8s")
    subprocess.run(["cp", "-r", ROOT / "k8s", ROOT / "scripts", folder], check=True)
    subprocess.run(["scripts/lib/secrets", "k8s/overlays/dev/secrets"], cwd=folder, check=True, capture_output=True)
    return kustomized(folder / "k8s" / "overlays" / request.param)


def in_production(built):
    if built[0] != "production":
        pytest.skip("operators are the production overlay's")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_as_kubernetes_describes_it(built, version):
    conforms(built[1], version)


def test_three_versions_are_asked():
    assert len(VERSIONS) >= 3


def test_no_pod_runs_as_root_writes_its_root_or_holds_a_token(built):
    for name, pod in pods(built):
        assert pod["automountServiceAccountToken"] is False and pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"] + pod.get("initContainers", []):
            may = container["securityContext"]
            assert may["allowPrivilegeEscalation"] is False and may["capabilities"] == {"drop": ["ALL"]}, name
            assert may["readOnlyRootFilesystem"] is True, name
            assert container["resources"]["requests"] and container["resources"]["limits"]["memory"], name


def judged(built, folder):
    file = folder / "overlay.yaml"
    file.write_text(built[1])
    return subprocess.run([ROOT / "scripts" / "lib" / "judge", built[0], file], capture_output=True, text=True, check=False)


def test_a_policy_checker_has_nothing_to_say(built, tmp_path):
    done = judged(built, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("right, wrong, says", [
    ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "writable root filesystem"),
    ("path: /readyz", "path: /healthz", "same readiness and liveness probe")])
def test_what_a_policy_checker_says_is_heard(built, tmp_path, right, wrong, says):
    """What the pods do not need, the next one must not get."""
    assert right in built[1]
    done = judged((built[0], built[1].replace(right, wrong)), tmp_path)
    assert done.returncode == 1 and says in done.stderr, done.stderr


def test_our_pods_are_probed_drain_and_know_their_variables(built):
    known = printed("--config-docs", "gateway", "dispatcher")
    given = list(configuration(built))
    for name, pod in pods(built):
        if name not in OURS:
            continue
        assert pod["enableServiceLinks"] is False, "Kubernetes would set PORTER_… variables of its own"
        container, = pod["containers"]
        given += [one["name"] for one in container["env"]]
        if name != "porter-migrate":
            assert pod["terminationGracePeriodSeconds"] >= 45
            # Only the gateway is called; that its balancers know of its end takes longer than PORTER_DRAIN leaves them.
            assert (container.get("lifecycle") is not None) == (name == "porter-gateway")
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz" and container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    for variable in given:
        assert f"`{variable}`" in known or f"`{variable.removesuffix('_FILE')}`" in known, variable


def test_nobody_may_call_anybody_and_the_dispatcher_only_the_internet(built):
    policies = policies_of(built)
    # In production operators make pods of theirs beside ours, which nobody would allow anything.
    ours = {} if built[0] == "dev" else {"matchLabels": {"app.kubernetes.io/part-of": "porter"}}
    assert policies["default-deny"] == {"podSelector": ours, "policyTypes": ["Ingress", "Egress"]}
    assert {name for name, spec in policies.items() if spec["podSelector"] == {}} == ({"default-deny"} if built[0] == "dev" else set())
    for name, pod in templates(built):
        assert name not in OURS or pod["metadata"]["labels"]["app.kubernetes.io/part-of"] == "porter", name
    blocks = [one["ipBlock"] for rule in policies["dispatcher"]["egress"] for one in rule["to"]]
    # The judge's own table: what it refuses no pod can reach.
    refused = re.findall(r'\{"([0-9a-f.:]+/\d+)"', (ROOT / "libs" / "guard" / "guard.c").read_text() + (ROOT / "libs" / "guard" / "address.c").read_text())
    assert len(refused) > 20
    for text in refused:
        network = ip_network(text)
        for block in blocks:
            allowed = ip_network(block["cidr"])
            if allowed.version == network.version and allowed.overlaps(network):
                assert any(network.subnet_of(ip_network(one)) for one in block["except"] if ip_network(one).version == network.version), text


def test_who_keeps_the_state_is_reached_by_who_needs_it_alone(built):
    in_production(built)
    policies = policies_of(built)
    named = [selector(of_peer) + tuple(one["port"] for one in rule["ports"])
             for name in ("of-postgres", "of-redis") for rule in policies[name]["ingress"] for of_peer in rule["from"]]
    assert named == [
        ("", "app.kubernetes.io/part-of=porter", 5432), ("", "cnpg.io/cluster", 5432, 8000),
        ("kubernetes.io/metadata.name=cnpg-system", "app.kubernetes.io/name=cloudnative-pg", 5432, 8000),
        ("kubernetes.io/metadata.name=monitoring", "", 9187),
        ("", "app.kubernetes.io/name=porter-gateway", 6379), ("", "app.kubernetes.io/name=porter-porterctl", 6379)]
    # What they call is theirs to know.
    assert {tuple(policies[name]["policyTypes"]) for name in ("of-postgres", "of-redis")} == {("Ingress",)}
    # Each is whom our own pods' policy means.
    (cluster,), (redis,), (kafka,) = of_kind(built, "Cluster"), of_kind(built, "Redis"), of_kind(built, "Kafka")
    called = [one["to"][0]["podSelector"]["matchLabels"] for one in policies["neighbours"]["egress"]]
    assert called == [{"cnpg.io/cluster": cluster["metadata"]["name"]}, {"app": redis["metadata"]["name"]},
                      {"strimzi.io/cluster": kafka["metadata"]["name"]}]
    assert policies["of-postgres"]["podSelector"] == {"matchExpressions": [{"key": "cnpg.io/cluster", "operator": "Exists"}]}
    assert policies["of-redis"]["podSelector"] == {"matchLabels": {"app": redis["metadata"]["name"]}}
    let_in = {one["name"]: [selector(peer) for peer in one["networkPolicyPeers"]] for one in kafka["spec"]["kafka"]["listeners"]}
    subscribers = ("porter/subscribes=true", "")
    assert let_in == {"tls": [("", "app.kubernetes.io/part-of=porter"), ("kubernetes.io/metadata.name=keda", ""), subscribers],
                      "scram": [subscribers]}


def test_pods_that_operators_make_pass_the_namespaces_standard(built):
    in_production(built)
    namespace, = of_kind(built, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    (redis,), (pool,), (kafka,) = of_kind(built, "Redis"), of_kind(built, "KafkaNodePool"), of_kind(built, "Kafka")
    made = [("redis", redis["spec"]["podSecurityContext"], [redis["spec"]["securityContext"]], False)]
    for who, of, names in (("pool", pool["spec"], ["kafkaContainer"]), ("kafka", kafka["spec"]["kafka"], ["kafkaContainer"]),
                           ("entity", kafka["spec"]["entityOperator"], ["topicOperatorContainer", "userOperatorContainer"])):
        template = of["template"]
        made.append((who, template["pod"]["securityContext"], [template[name]["securityContext"] for name in names], True))
    for who, pod, containers, is_sealed in made:
        assert pod["runAsNonRoot"] is True and pod["seccompProfile"] == {"type": "RuntimeDefault"}, who
        assert "fsGroup" in pod, f"{who} could not write its disks"
        for may in containers:
            assert may["allowPrivilegeEscalation"] is False and may["capabilities"] == {"drop": ["ALL"]}, who
            assert may.get("readOnlyRootFilesystem", False) is is_sealed, who


def wave(one):
    return int(one["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))


def test_argo_migrates_after_what_that_needs_and_before_the_services(built):
    """A hook of PreSync would wait for configuration, secrets and neighbours, which come in Sync and wait for it."""
    waves = {f"{one['kind']} {one['metadata']['name']}": wave(one) for one in yaml.safe_load_all(built[1])}
    (job,) = of_kind(built, "Job")
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "Sync"
    late = {name: number for name, number in waves.items() if number > 0}
    # What is only well with its Deployment (Argo CD waits for each wave to be) comes with it.
    services = {"Deployment porter-gateway": 3, "PodDisruptionBudget porter-gateway": 3,
                "Deployment porter-dispatcher": 2, "PodDisruptionBudget porter-dispatcher": 2}
    if built[0] == "production":
        services |= {"ScaledObject porter-gateway": 3, "ScaledObject porter-dispatcher": 2}
    else:
        services["HorizontalPodAutoscaler porter-gateway"] = 3
    assert late == {"Job porter-migrate": 1, **services} and min(waves.values()) == 0


def test_who_applies_by_hand_is_told_to_delete_the_old_job(built):
    """It keeps its name, and Kubernetes refuses another template for it."""
    (job,) = of_kind(built, "Job")
    delete = f"kubectl -n {job['metadata']['namespace']} delete job {job['metadata']['name']} --ignore-not-found"
    for page in ("docs/kubernetes.md", "k8s/overlays/dev/kustomization.yaml"):
        lines = (ROOT / page).read_text().splitlines()
        applied = [number for number, line in enumerate(lines) if "kubectl apply -k" in line]
        assert applied and all(delete in lines[number - 1] for number in applied), page


def scaled_by_keda(built):
    return {one["spec"]["scaleTargetRef"]["name"]: one for one in of_kind(built, "ScaledObject")}


def test_gateways_follow_their_cpu_and_what_they_have_under_way(built):
    in_production(built)
    scaled, (monitor,) = scaled_by_keda(built)["porter-gateway"], of_kind(built, "ServiceMonitor")
    cpu, flight = scaled["spec"]["triggers"]
    assert cpu == {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}
    assert (flight["type"], flight["metricType"]) == ("prometheus", "AverageValue")
    # Reads are refused at three quarters (services/gateway/load.c); half of that is what each gateway is to have.
    most = int(setting(built, "PORTER_IN_FLIGHT_MAX", "gateway"))
    asked = flight["metadata"]
    assert int(asked["threshold"]) == most * 3 // 4 // 2 and f"**{asked['threshold']}**" in (ROOT / "docs" / "kubernetes.md").read_text()
    # A gauge that there is, of the namespace whose pods Prometheus' targets are; nothing seen is not the same as nothing to do.
    series, namespace = re.fullmatch(r'sum\(avg_over_time\((\w+)\{namespace="(\w+)"\}\[1m\]\)\)', asked["query"]).groups()
    assert f"| `{series}` | gauge |" in printed("--metrics-docs", "gateway")
    assert namespace == scaled["metadata"]["namespace"] == monitor["metadata"]["namespace"] and asked["ignoreNullValues"] == "false"
    assert scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_keda_reaches_prometheus_past_every_policy_of_ours(built):
    """Prometheus is where our pods let themselves be asked from, and KEDA neither there nor with us: no policy here is in between."""
    in_production(built)
    host = re.fullmatch(r"http://([\w-]+)\.([\w-]+)\.svc:9090", scaled_by_keda(built)["porter-gateway"]["spec"]["triggers"][1]["metadata"]["serverAddress"])
    ours = {one["metadata"]["namespace"] for one in of_kind(built, "NetworkPolicy")}
    readers = [selector(peer) for rule in policies_of(built)["gateway"]["ingress"] if "from" in rule for peer in rule["from"]]
    assert host[1] == "prometheus-operated" and readers == [(f"kubernetes.io/metadata.name={host[2]}", "")]
    assert not ours & {host[2], "keda"}


def topics():
    """Those that the dispatcher reads."""
    found = re.findall(r'"(porter\.[a-z]+\.v1)"', (ROOT / "libs" / "store" / "event.c").read_text())
    assert len(found) == 4
    return set(found)


def test_dispatchers_follow_the_lag_of_every_topic_by_an_address_that_keda_can_resolve(built):
    in_production(built)
    scaled, (kafka,) = scaled_by_keda(built)["porter-dispatcher"], of_kind(built, "Kafka")
    asked = [one["metadata"] for one in scaled["spec"]["triggers"]]
    assert {one["topic"] for one in asked} == topics() and len(asked) == len(topics())
    for one in asked:
        assert one["consumerGroup"] == f"porter-dispatcher.{one['topic']}"
        assert one["bootstrapServers"] == f"{kafka['metadata']['name']}-kafka-bootstrap.{kafka['metadata']['namespace']}.svc:9093"
        assert one["tls"] == "enable"
    (let_in,) = of_kind(built, "TriggerAuthentication")
    assert {one["authenticationRef"]["name"] for one in scaled["spec"]["triggers"]} == {let_in["metadata"]["name"]}
    assert [(one["parameter"], one["name"], one["key"]) for one in let_in["spec"]["secretTargetRef"]] == [
        ("ca", f"{kafka['metadata']['name']}-cluster-ca-cert", "ca.crt"), ("cert", "porter-keda", "user.crt"), ("key", "porter-keda", "user.key")]


DEAD = "porter.dead-letters.v1"
# As docs/kafka.md lists them, and tests/integration/test_kafka_rights.py holds them to a broker.
RIGHTS = {
    "porter-gateway": {("Write", "topic", "porter.*")},
    "porter-dispatcher": {("Read", "topic", "porter.*"), ("Write", "topic", DEAD), ("Read", "group", "porter-dispatcher.*")},
    "porter-migrate": {(right, "topic", "porter.*") for right in ("Create", "Alter", "DescribeConfigs", "AlterConfigs")},
    "porter-porterctl": {(right, "topic", "porter.*") for right in ("Create", "Alter", "DescribeConfigs", "AlterConfigs", "Read", "Write")}
    | {("Read", "group", "porter-dispatcher.*"), ("Describe", "group", "porter-reader")},
    "porter-keda": {("Describe", "topic", "porter.*"), ("Describe", "group", "porter-dispatcher.*")},
}


def rights_of(user):
    assert user["spec"]["authorization"]["type"] == "simple"
    return {(operation, one["resource"]["type"], one["resource"]["name"] + "*" * (one["resource"]["patternType"] == "prefix"))
            for one in user["spec"]["authorization"]["acls"] for operation in one["operations"]}


def test_nobody_comes_in_to_kafka_unknown_or_does_what_was_not_said(built):
    in_production(built)
    (kafka,) = of_kind(built, "Kafka")
    listeners = {one["name"]: (one["port"], one["tls"], one["authentication"]["type"]) for one in kafka["spec"]["kafka"]["listeners"]}
    assert listeners == {"tls": (9093, True, "tls"), "scram": (9094, True, "scram-sha-512")}
    assert kafka["spec"]["kafka"]["authorization"] == {"type": "simple"}
    users = {one["metadata"]["name"]: one for one in of_kind(built, "KafkaUser")}
    assert {name: rights_of(one) for name, one in users.items()} == RIGHTS
    for one in users.values():
        assert one["metadata"]["labels"]["strimzi.io/cluster"] == kafka["metadata"]["name"]
        assert one["spec"]["authentication"] == {"type": "tls"} and one["metadata"]["namespace"] == kafka["metadata"]["namespace"]
    group = setting(built, "PORTER_KAFKA_GROUP", "dispatcher")
    assert ("Read", "group", f"{group}.*") in RIGHTS["porter-dispatcher"]


def test_each_of_our_pods_comes_in_to_kafka_as_its_own_user(built):
    in_production(built)
    (kafka,) = of_kind(built, "Kafka")
    given = configuration(built)
    assert given["PORTER_KAFKA_BROKERS"] == f"{kafka['metadata']['name']}-kafka-bootstrap:9093"
    extra = dict(one.split("=") for one in given["PORTER_KAFKA_EXTRA"].split(","))
    assert extra.pop("security.protocol") == "ssl"
    assert policies_of(built)["neighbours"]["egress"][2]["ports"] == [{"protocol": "TCP", "port": 9093}]
    for name, pod in pods(built):
        volume, = [one for one in pod["volumes"] if one["name"] == "kafka"]
        files = {item["path"]: (source["secret"]["name"], item["key"]) for source in volume["projected"]["sources"] for item in source["secret"]["items"]}
        assert files == {"ca.crt": (f"{kafka['metadata']['name']}-cluster-ca-cert", "ca.crt"), "user.crt": (name, "user.crt"), "user.key": (name, "user.key")}
        container = pod["containers"][0] if name != "porter-migrate" else pod["initContainers"][0]
        folder, = [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "kafka"]
        assert extra == {"ssl.ca.location": f"{folder}/ca.crt", "ssl.certificate.location": f"{folder}/user.crt", "ssl.key.location": f"{folder}/user.key"}
        assert name in RIGHTS and volume["projected"]["defaultMode"] == 0o440


def test_the_subscriber_of_the_page_comes_in_by_a_password_and_reads_its_topics_alone(built):
    in_production(built)
    (kafka,) = of_kind(built, "Kafka")
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    section = page[page.index("## A subscriber's way to Kafka"):].split("\n## ")[0]
    text, = re.findall(r"```yaml\n(.*?)```", section, re.S)
    user = yaml.safe_load(text)
    name, spec = user["metadata"]["name"], user["spec"]
    assert user["kind"] == "KafkaUser" and user["metadata"]["namespace"] == kafka["metadata"]["namespace"]
    assert user["metadata"]["labels"] == {"strimzi.io/cluster": kafka["metadata"]["name"]} and spec["authentication"] == {"type": "scram-sha-512"}
    assert rights_of(user) == {("Read", "topic", "porter.visitors.v1"), ("Read", "group", name)}
    assert f"{kafka['metadata']['name']}-kafka-bootstrap.porter.svc:9094" in section and f"{kafka['metadata']['name']}-cluster-ca-cert" in section


def test_certificates_are_renewed_long_before_who_read_them_would_need_it(built):
    in_production(built)
    (kafka,) = of_kind(built, "Kafka")
    for authority in ("clusterCa", "clientsCa"):
        assert kafka["spec"][authority] == {"validityDays": 365, "renewalDays": 90}
    assert "**90 days**" in (ROOT / "docs" / "kubernetes.md").read_text()


def test_topics_keep_records_as_long_as_the_brokers_are_told(built):
    in_production(built)
    (job,), (kafka,) = of_kind(built, "Job"), of_kind(built, "Kafka")
    words = job["spec"]["template"]["spec"]["initContainers"][0]["args"]
    assert words[:3] == ["topics", "apply", "--retention-days"]
    assert int(words[3]) * 24 == kafka["spec"]["kafka"]["config"]["log.retention.hours"]


def test_a_roll_out_never_takes_a_pod_before_another_is_ready(built):
    for one in of_kind(built, "Deployment"):
        if one["metadata"]["name"] in OURS:
            assert one["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
            # tests/integration/test_rollout.py plays the base: what is deployed must be that.
            assert Manifest.read(one) == Manifest.of(one["metadata"]["name"].removeprefix("porter-"))
    guarded = {one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for one in of_kind(built, "PodDisruptionBudget")}
    assert guarded == {"porter-gateway", "porter-dispatcher"}


def test_who_is_scaled_has_no_number_that_an_apply_would_set_back(built):
    scaled = [one["spec"]["scaleTargetRef"]["name"] for one in of_kind(built, "HorizontalPodAutoscaler", "ScaledObject")]
    assert "porter-gateway" in scaled and len(scaled) == len(set(scaled)), "two would pull one to and fro"
    for one in of_kind(built, "Deployment"):
        if one["metadata"]["name"] in OURS:
            assert ("replicas" in one["spec"]) == (one["metadata"]["name"] not in scaled), one["metadata"]["name"]


def test_postgres_has_connections_for_all_that_may_run(built):
    in_production(built)
    most = {one["spec"]["scaleTargetRef"]["name"]: one["spec"].get("maxReplicas", one["spec"].get("maxReplicaCount"))
            for one in of_kind(built, "HorizontalPodAutoscaler", "ScaledObject")}
    surge = {one["metadata"]["name"]: one["spec"]["strategy"]["rollingUpdate"]["maxSurge"] for one in of_kind(built, "Deployment")}
    processes = sum(most[name] + surge[name] for name in ("porter-gateway", "porter-dispatcher"))
    pool = int(configuration(built)["PORTER_DB_POOL"])
    besides = int(re.search(r"define SESSIONS_BESIDES[\s\\]+(\d+)", (ROOT / "services" / "porterctl" / "doctor_postgres.c").read_text())[1])
    (cluster,) = of_kind(built, "Cluster")
    there = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
    needed = processes * (pool + besides)
    assert needed * 1.1 < there, f"{processes} processes take {needed} connections"
    assert f"= {needed} of {there}" in (ROOT / "docs" / "kubernetes.md").read_text()


def test_production_keeps_what_a_restore_needs(built):
    """WAL goes out within a minute, a base backup each day, and both stay for as long as docs/backup.md says."""
    if built[0] != "production":
        return
    (cluster,), (scheduled,) = of_kind(built, "Cluster"), of_kind(built, "ScheduledBackup")
    backup, page = cluster["spec"]["backup"], (ROOT / "docs" / "backup.md").read_text()
    assert cluster["spec"]["postgresql"]["parameters"]["archive_timeout"] == "60s" and "a minute" in page
    assert backup["retentionPolicy"] == "30d" and "30 days" in page
    assert scheduled["spec"]["cluster"]["name"] == cluster["metadata"]["name"] and len(scheduled["spec"]["schedule"].split()) == 6
    secret = {one["spec"]["target"]["name"]: one for one in of_kind(built, "ExternalSecret")}["porter-backup"]
    given = {one["secretKey"] for one in secret["spec"]["data"]}
    assert {one["key"] for one in backup["barmanObjectStore"]["s3Credentials"].values()} == given


def test_redis_is_bounded_below_its_pod_and_evicts_nothing(built):
    """`porterctl doctor` wants it so: what is evicted are revoked keys and counted calls."""
    if built[0] == "dev":
        (pod,) = [pod for name, pod in pods(built) if name == "redis"]
        (container,) = pod["containers"]
        words = container["command"]
        given = dict(zip(words[1::2], words[2::2]))
        given, limit = {name.removeprefix("--"): value for name, value in given.items()}, container["resources"]["limits"]["memory"]
    else:
        (redis,) = of_kind(built, "Redis")
        (config,) = [one for one in of_kind(built, "ConfigMap") if one["metadata"]["name"] == redis["spec"]["redisConfig"]["additionalRedisConfig"]]
        given = dict(line.split() for line in config["data"]["redis-additional.conf"].splitlines())
        given["save"], limit = given["save"].strip('"'), redis["spec"]["kubernetesConfig"]["resources"]["limits"]["memory"]
    most, limit = int(given.pop("maxmemory").removesuffix("mb")), int(limit.removesuffix("Mi"))
    assert limit / 2 <= most <= limit * 3 / 4
    assert given == {"maxmemory-policy": "noeviction", "save": "", "appendonly": "no"}


def test_the_door_keeps_the_addresses_that_people_and_keys_are_slowed_by(built):
    in_production(built)
    (door,) = [one for one in of_kind(built, "Service") if one["spec"].get("type") == "LoadBalancer"]
    assert door["spec"]["externalTrafficPolicy"] == "Local"
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    section = page[page.index("## Callers' addresses"):].split("\n## ")[0]
    rule = re.search(r'address_rule = \{"address", (\d+), (\d+)\}', (ROOT / "services" / "gateway" / "dashboard" / "sign_in.c").read_text())
    assert (rule[1], rule[2]) == ("60", "10000") and "60 at once, then one each ten seconds" in section
    assert all(word in section for word in ("`PORTER_UNKNOWN_KEYS`", "PROXY protocol", "`X-Forwarded-For`", "`externalTrafficPolicy: Local`"))


def test_the_drills_cluster_reads_what_production_writes(built):
    in_production(built)
    text, = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "backup.md").read_text(), re.S)
    conforms(text, VERSIONS[-1])
    drill, (cluster,) = yaml.safe_load(text), of_kind(built, "Cluster")
    source, = drill["spec"]["externalClusters"]
    archive, read = cluster["spec"]["backup"]["barmanObjectStore"], source["barmanObjectStore"]
    assert all(read[name] == archive[name] for name in ("destinationPath", "s3Credentials"))
    assert read["serverName"] == cluster["metadata"]["name"] != drill["metadata"]["name"]
    assert "backup" not in drill["spec"], "it would write into the archive"
    recovery = drill["spec"]["bootstrap"]["recovery"]
    assert recovery == {"source": source["name"], **cluster["spec"]["bootstrap"]["initdb"]}
    assert drill["metadata"]["namespace"] == cluster["metadata"]["namespace"]
    for name in ("imageName", "storage", "walStorage"):
        assert drill["spec"][name] == cluster["spec"][name]
    assert drill["spec"]["postgresql"]["parameters"]["max_connections"] == cluster["spec"]["postgresql"]["parameters"]["max_connections"]


def test_a_restore_stops_who_is_scaled_and_finds_all_that_names_the_cluster(built):
    in_production(built)
    page = (ROOT / "docs" / "backup.md").read_text()
    restore = page[page.index("## Restoring in earnest"):]
    (cluster,) = of_kind(built, "Cluster")
    stopped = re.search(r"annotate scaledobject ([a-z -]+) autoscaling\.keda\.sh/paused-replicas=0", restore)
    assert stopped[1].split() == ["porter-gateway", "porter-dispatcher"] and set(stopped[1].split()) == scaled_by_keda(built).keys()
    places = [stopped.start(), restore.index("porterctl deliveries rewind")]
    places += [restore.index(f"annotate scaledobject {name} autoscaling.keda.sh/paused-replicas-\n") for name in stopped[1].split()]
    # None has anything under way: somebody has to begin.
    places.insert(-1, restore.index("scale deployment porter-gateway --replicas=3"))
    assert places == sorted(places)
    folder, name = ROOT / "k8s" / "overlays" / "production", cluster["metadata"]["name"]
    naming = {path.name for path in folder.iterdir() if re.search(rf"\b{name}\b", path.read_text())}
    assert naming == {"postgres.yaml", "kustomization.yaml"} and all(f"`{one}`" in restore for one in naming)
    assert f"`{name}-app`" in restore and f"`cnpg.io/cluster: {name}`" in restore and "`neighbours`" in restore


def test_commands_ask_which_cluster_serves(built):
    """A restore puts one of another name in its place, and the old one may stand beside it."""
    in_production(built)
    (cluster,) = of_kind(built, "Cluster")
    name, (gateway,) = cluster["metadata"]["name"], [pod for who, pod in pods(built) if who == "porter-gateway"]
    path, end = """{.spec.template.spec.volumes[?(@.name=="db")].secret.secretName}""", "-app"
    asks = f"$(kubectl -n porter get deployment porter-gateway -o jsonpath='{path}' | sed 's/{end}$//')"
    assert [one["secret"]["secretName"] for one in gateway["volumes"] if one["name"] == "db"] == [name + end]
    named = {}
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text()
        assert not re.search(rf"cnpg\.io/cluster={name}\b|kubectl cnpg [^`\n]*\b{name}\b", text), page
        if "cnpg.io/cluster=$DB" in text:
            named[page.name] = f"DB={asks}" in text
    assert named == {"backup.md": True, "reaching.md": True}


def test_a_developers_node_has_room_for_a_roll_out_and_need_not_pull_what_was_built_on_it(built):
    if built[0] != "dev":
        pytest.skip("one node is the dev overlay's")
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one["spec"]["maxReplicas"] for one in of_kind(built, "HorizontalPodAutoscaler")}
    asked = 0
    for one in of_kind(built, "Deployment", "StatefulSet", "Job"):
        name, pod = one["metadata"]["name"], one["spec"]["template"]["spec"]
        count = scaled.get(name, one["spec"].get("replicas", 1)) + (name in ("porter-gateway", "porter-dispatcher"))  # maxSurge
        asked += count * sum(int(container["resources"]["requests"]["cpu"].removesuffix("m")) for container in pod["containers"])
        if name in OURS:
            policies = {container.get("imagePullPolicy") for container in pod["containers"] + pod.get("initContainers", [])}
            assert policies == {"IfNotPresent"}, name
    assert asked <= 1200, "two processors, of which a cluster's own pods take up to 800m"


def test_without_a_proxy_none_is_trusted(built):
    assert not any("PORTER_TRUSTED_PROXIES" in one["data"] for one in of_kind(built, "ConfigMap"))


def test_prometheus_names_its_jobs_as_alerts_ask_for_them(built):
    """A job is called as the Service is; its namespace, the pod's."""
    in_production(built)
    (monitor,) = of_kind(built, "ServiceMonitor")
    services = [one["metadata"]["name"] for one in of_kind(built, "Service")
                if monitor["spec"]["selector"]["matchLabels"].items() <= one["metadata"].get("labels", {}).items()]
    asked = {job for one in of_kind(built, "PrometheusRule") for job in re.findall('job=~"([^"]*)"', yaml.safe_dump(one["spec"], width=10**6))}
    assert len(services) == 2 and len(asked) == 4
    for job in asked:
        assert any(re.fullmatch(job, name) for name in services), job
    assert all(any(re.fullmatch(job, name) for job in asked) for name in services) and "jobLabel" not in monitor["spec"]
