{{/* What follows from values: each define gives "true" or nothing, or one value. */}}

{{/* Whether a HorizontalPodAutoscaler is made. */}}
{{- define "llm-simulator.hpa" -}}
{{- $enabled := toString .Values.hpa.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (eq .Values.mode "deployment") (not .Values.keda.enabled)) -}}true{{- end -}}
{{- end -}}

{{/* Whether the HPA looks at metrics of the pods themselves. */}}
{{- define "llm-simulator.customMetrics" -}}
{{- $enabled := toString .Values.hpa.customMetrics.enabled -}}
{{- $served := or (.Capabilities.APIVersions.Has "custom.metrics.k8s.io/v1beta2") (.Capabilities.APIVersions.Has "custom.metrics.k8s.io/v1beta1") -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") $served) -}}true{{- end -}}
{{- end -}}

{{/* Whether something else than `replicas` says how many pods there are. */}}
{{- define "llm-simulator.autoscaled" -}}
{{- if or (include "llm-simulator.hpa" .) .Values.keda.enabled -}}true{{- end -}}
{{- end -}}

{{/* The fewest pods that there may be. */}}
{{- define "llm-simulator.fewestPods" -}}
{{- if .Values.keda.enabled -}}{{ .Values.keda.minReplicaCount | int }}
{{- else if include "llm-simulator.hpa" . -}}{{ .Values.hpa.minReplicas | int }}
{{- else -}}{{ .Values.replicas | int }}
{{- end -}}
{{- end -}}

{{/* The most pods that there may be. */}}
{{- define "llm-simulator.mostPods" -}}
{{- if .Values.keda.enabled -}}{{ .Values.keda.maxReplicaCount | int }}
{{- else if include "llm-simulator.hpa" . -}}{{ .Values.hpa.maxReplicas | int }}
{{- else -}}{{ .Values.replicas | int }}
{{- end -}}
{{- end -}}

{{/* Whether a PodDisruptionBudget is made. A DaemonSet's pods are not evicted. */}}
{{- define "llm-simulator.pdb" -}}
{{- $enabled := toString .Values.pdb.enabled -}}
{{- $room := gt (include "llm-simulator.fewestPods" . | int) (.Values.pdb.minAvailable | int) -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (ne .Values.mode "daemonset") $room) -}}true{{- end -}}
{{- end -}}

{{/* Seconds from SIGTERM's announcement to SIGKILL: requests on their way, streams, last commits. */}}
{{- define "llm-simulator.terminationGracePeriodSeconds" -}}
{{- add .Values.shutdown.drainSeconds (ceil .Values.settings.grace_s) .Values.shutdown.marginSeconds -}}
{{- end -}}

{{- define "llm-simulator.storageClassName" -}}
{{- if .Values.persistence.storageClassName -}}
{{- .Values.persistence.storageClassName -}}
{{- else if .Values.storageClass.create -}}
{{- .Values.storageClass.name | default (include "llm-simulator.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* Whether pods speak to an object store. */}}
{{- define "llm-simulator.bucket" -}}
{{- range list .Values.settings.archive_to .Values.settings.snapshot_to .Values.restore.from -}}
{{- if regexMatch "^(s3|gs|az)://" (. | default "") -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* The place that gets snapshots, if there is one. */}}
{{- define "llm-simulator.snapshotPlace" -}}
{{- .Values.settings.snapshot_to | default .Values.settings.archive_to | default "" -}}
{{- end -}}

{{/* Secret with the certificate of the hosts; nothing where the load balancer has its own. */}}
{{- define "llm-simulator.tlsSecret" -}}
{{- if and .Values.ingress.tlsSecret (ne .Values.ingress.tlsSecret "none") -}}
{{- .Values.ingress.tlsSecret -}}
{{- else if and .Values.certificate.enabled (ne .Values.ingress.tlsSecret "none") -}}
{{- include "llm-simulator.certificateSecret" . -}}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.certificateSecret" -}}
{{- .Values.certificate.secretName | default (printf "%s-tls" (include "llm-simulator.fullname" .)) -}}
{{- end -}}

{{- define "llm-simulator.volumeSnapshotClassName" -}}
{{- if .Values.volumeSnapshots.className -}}
{{- .Values.volumeSnapshots.className -}}
{{- else if .Values.volumeSnapshots.class.create -}}
{{- include "llm-simulator.fullname" . -}}
{{- end -}}
{{- end -}}

{{/* Whether there is an edge that no policy lets in, unless it runs in this namespace. */}}
{{- define "llm-simulator.edgeShutOut" -}}
{{- $open := not .Values.networkPolicy.enabled -}}
{{- range .Values.networkPolicy.from -}}
{{- if or (hasKey . "namespaceSelector") (hasKey . "ipBlock") -}}{{- $open = true -}}{{- end -}}
{{- end -}}
{{- if and (or .Values.ingress.enabled .Values.gateway.enabled) (not (or $open .Values.networkPolicy.extraIngress)) -}}true{{- end -}}
{{- end -}}
