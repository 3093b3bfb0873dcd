{{/* Values that contradict one another, in clear words; what a single value may be stands in values.schema.json. */}}

{{- define "llm-simulator.checks" -}}
{{- include "llm-simulator.checkNames" . -}}
{{- include "llm-simulator.checkMode" . -}}
{{- include "llm-simulator.checkScaling" . -}}
{{- include "llm-simulator.checkStorage" . -}}
{{- include "llm-simulator.checkEdge" . -}}
{{- include "llm-simulator.checkSecrets" . -}}
{{- include "llm-simulator.checkReserved" . -}}
{{- end -}}

{{- define "llm-simulator.checkNames" -}}
{{- $name := include "llm-simulator.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "%s: the name of a Service begins with a letter, and has no dots: name the release so, or set fullnameOverride" $name) -}}
{{- end -}}
{{- range $key, $_ := merge (dict) (.Values.podLabels | default dict) (.Values.commonLabels | default dict) -}}
{{- if regexMatch "^(app\\.kubernetes\\.io/(name|instance|component|version|managed-by)|helm\\.sh/chart)$" $key -}}
{{- fail (printf "%s: the chart writes this label, which selectors go by; podLabels and commonLabels are for others" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.checkMode" -}}
{{- $settings := .Values.settings -}}
{{- if ne .Values.mode "statefulset" -}}
{{- if .Values.restore.from -}}
{{- fail (printf "restore.from needs mode statefulset: every pod of a %s is pod 0, and would be the same restored pod" .Values.mode) -}}
{{- end -}}
{{- if or $settings.archive_to $settings.snapshot_to -}}
{{- fail (printf "settings.archive_to and settings.snapshot_to need mode statefulset: every pod of a %s is pod 0, and they would overwrite one another's copies" .Values.mode) -}}
{{- end -}}
{{- if or .Values.volumeSnapshots.enabled .Values.volumeSnapshots.beforeUpgrade -}}
{{- fail (printf "volumeSnapshots need mode statefulset: a %s has no volumes that outlive their pods" .Values.mode) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.restore.orFresh (not .Values.restore.from) -}}
{{- fail "restore.orFresh says nothing without restore.from" -}}
{{- end -}}
{{- if and $settings.speed $settings.instant -}}
{{- fail "settings.speed and settings.instant exclude one another" -}}
{{- end -}}
{{- if and .Values.snapshots.cronJob.enabled (not (include "llm-simulator.snapshotPlace" .)) -}}
{{- fail "snapshots.cronJob needs a place: settings.snapshot_to or settings.archive_to" -}}
{{- end -}}
{{- if and .Values.snapshots.prune.enabled (not (regexMatch "^(s3|gs|az)://" (include "llm-simulator.snapshotPlace" .))) -}}
{{- fail "snapshots.prune needs a bucket: settings.snapshot_to or settings.archive_to; no Job could mount the volumes of pods" -}}
{{- end -}}
{{- if and .Values.profiles.files .Values.profiles.existingConfigMap -}}
{{- fail "profiles.files and profiles.existingConfigMap exclude one another" -}}
{{- end -}}
{{- if and (eq (toString .Values.deployment.maxSurge) "0") (eq (toString .Values.deployment.maxUnavailable) "0") -}}
{{- fail "deployment.maxSurge and deployment.maxUnavailable are both 0: no update could begin" -}}
{{- end -}}
{{- range .Values.extraEnv -}}{{- include "llm-simulator.checkVariable" .name -}}{{- end -}}
{{- range keys (.Values.objectStore.env | default dict) -}}{{- include "llm-simulator.checkVariable" . -}}{{- end -}}
{{- end -}}

{{- define "llm-simulator.checkVariable" -}}
{{- if hasPrefix "LLMSIM_" . -}}
{{- fail (printf "%s: settings stand below `settings`, not in variables, which would win over them" .) -}}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.checkScaling" -}}
{{- $hpa := include "llm-simulator.hpa" . -}}
{{- if and $hpa .Values.keda.enabled -}}
{{- fail "hpa.enabled and keda.enabled exclude one another: KEDA makes an HPA of its own" -}}
{{- end -}}
{{- if and (eq .Values.mode "daemonset") (or $hpa .Values.keda.enabled) -}}
{{- fail "a DaemonSet has a pod on each node: neither hpa nor keda can scale it" -}}
{{- end -}}
{{- if and $hpa (gt (int .Values.hpa.minReplicas) (int .Values.hpa.maxReplicas)) -}}
{{- fail "hpa.minReplicas is above hpa.maxReplicas" -}}
{{- end -}}
{{- if and $hpa (not (or .Values.hpa.cpuPercent .Values.hpa.memoryPercent (include "llm-simulator.customMetrics" .))) -}}
{{- fail "an HPA needs a metric: hpa.cpuPercent, hpa.memoryPercent or hpa.customMetrics" -}}
{{- end -}}
{{- range $resource := list "cpu" "memory" -}}
{{- if and $hpa (index $.Values.hpa (printf "%sPercent" $resource)) (not (include "llm-simulator.requested" (list $ $resource))) -}}
{{- fail (printf "hpa.%sPercent is a share of a request, and there is none: set resources.requests.%s or a resourcesPreset, or hpa.%sPercent to null" $resource $resource $resource) -}}
{{- end -}}
{{- end -}}
{{- if and $hpa .Values.vpa.enabled (ne .Values.vpa.updateMode "Off") (or .Values.hpa.cpuPercent .Values.hpa.memoryPercent) -}}
{{- fail (printf "vpa.updateMode %s and an HPA that looks at CPU or memory work against one another: set vpa.updateMode to Off, or hpa.cpuPercent and hpa.memoryPercent to null" .Values.vpa.updateMode) -}}
{{- end -}}
{{- if .Values.keda.enabled -}}
{{- if gt (int .Values.keda.minReplicaCount) (int .Values.keda.maxReplicaCount) -}}
{{- fail "keda.minReplicaCount is above keda.maxReplicaCount" -}}
{{- end -}}
{{- if eq (int .Values.keda.minReplicaCount) 0 -}}
{{- if not (has .Values.resourcesPreset (list "development" "staging" "none")) -}}
{{- fail (printf "keda.minReplicaCount 0 is not for production: resourcesPreset is %s" .Values.resourcesPreset) -}}
{{- end -}}
{{- if not .Values.keda.wakeQuery -}}
{{- fail "keda.minReplicaCount 0 needs keda.wakeQuery: pods that are not there export no metric that could wake them" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if include "llm-simulator.pdb" . -}}
{{- if eq .Values.mode "daemonset" -}}
{{- fail "pdb.enabled says nothing for a DaemonSet, whose pods no drain evicts" -}}
{{- end -}}
{{- if le (include "llm-simulator.fewestPods" . | int) (int .Values.pdb.minAvailable) -}}
{{- fail (printf "pdb.minAvailable %v with %s pods at least: no node could ever be drained" .Values.pdb.minAvailable (include "llm-simulator.fewestPods" .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.checkStorage" -}}
{{- if and .Values.storageClass.create (not .Values.storageClass.provisioner) -}}
{{- fail "storageClass.create needs storageClass.provisioner" -}}
{{- end -}}
{{- if and .Values.storageClass.create .Values.persistence.storageClassName -}}
{{- fail "persistence.storageClassName and storageClass.create exclude one another: volumes get the class that is made" -}}
{{- end -}}
{{- if and .Values.volumeSnapshots.class.create (not .Values.volumeSnapshots.class.driver) -}}
{{- fail "volumeSnapshots.class.create needs volumeSnapshots.class.driver" -}}
{{- end -}}
{{- if and .Values.volumeSnapshots.class.create .Values.volumeSnapshots.className -}}
{{- fail "volumeSnapshots.className and volumeSnapshots.class.create exclude one another: the class that is made is used" -}}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.checkEdge" -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.enabled needs gateway.parentRefs: the Gateway that the route is for" -}}
{{- end -}}
{{- if .Values.certificate.enabled -}}
{{- if not .Values.certificate.issuerRef.name -}}
{{- fail "certificate.enabled needs certificate.issuerRef.name" -}}
{{- end -}}
{{- if not (or .Values.ingress.enabled .Values.gateway.hostnames) -}}
{{- fail "certificate.enabled needs host names: an ingress, or gateway.hostnames" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.gke.backendConfig.enabled (ne .Values.ingress.controller "gce") -}}
{{- fail "gke.backendConfig is for ingress.controller gce" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "serviceMonitor and podMonitor exclude one another: every pod would be counted twice" -}}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.checkSecrets" -}}
{{- if .Values.externalSecrets.enabled -}}
{{- if not .Values.externalSecrets.secretStoreRef.name -}}
{{- fail "externalSecrets.enabled needs externalSecrets.secretStoreRef.name" -}}
{{- end -}}
{{- if not .Values.externalSecrets.secrets -}}
{{- fail "externalSecrets.enabled needs externalSecrets.secrets" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.secretProviderClass.enabled (not .Values.secretProviderClass.parameters) -}}
{{- fail "secretProviderClass.enabled needs secretProviderClass.parameters" -}}
{{- end -}}
{{- end -}}

{{/* The schema refuses these first; this says why where it is skipped. */}}
{{- define "llm-simulator.checkReserved" -}}
{{- range $name, $place := .Values.reserved -}}
{{- if $place.enabled -}}
{{- fail (printf "reserved.%s.enabled: llmsim cannot do this yet; the place is kept for it" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
