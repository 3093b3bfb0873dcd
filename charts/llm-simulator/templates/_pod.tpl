{{/* The pod that serves, the same in every mode but for its ordinal and its volume. */}}

{{- define "llm-simulator.pod" -}}
metadata:
  labels:
    {{- include "llm-simulator.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/settings: {{ include "llm-simulator.settings" . | sha256sum }}
    checksum/profiles: {{ .Values.profiles.files | toJson | sha256sum }}
    checksum/sessions: {{ .Values.sessions.files | toJson | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "llm-simulator.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "llm-simulator.podSecurityContext" . | nindent 4 }}
  {{- if and (eq .Values.mode "daemonset") .Values.daemonset.hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ include "llm-simulator.terminationGracePeriodSeconds" . }}
  {{- include "llm-simulator.scheduling" . | nindent 2 }}
  {{- with include "llm-simulator.initContainers" . }}
  initContainers:
    {{- . | nindent 4 }}
  {{- end }}
  containers:
    - name: llm-simulator
      image: {{ include "llm-simulator.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      ports:
        - name: http
          containerPort: {{ .Values.port | int }}
          protocol: TCP
      {{- include "llm-simulator.environment" . | nindent 6 }}
      {{- include "llm-simulator.probes" . | nindent 6 }}
      lifecycle:
        preStop:
          {{- include "llm-simulator.drain" . | nindent 10 }}
      resources:
        {{- include "llm-simulator.resources" . | nindent 8 }}
      securityContext:
        {{- include "llm-simulator.containerSecurityContext" . | nindent 8 }}
      volumeMounts:
        {{- include "llm-simulator.mounts" . | nindent 8 }}
  volumes:
    {{- include "llm-simulator.volumes" . | nindent 4 }}
{{- end -}}

{{/* Three questions: has it started, does it live, may it get requests. */}}
{{- define "llm-simulator.probes" -}}
startupProbe:
  httpGet: {path: /startupz, port: http}
  periodSeconds: {{ .Values.probes.startup.periodSeconds | int }}
  failureThreshold: {{ .Values.probes.startup.failureThreshold | int }}
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: {{ .Values.probes.liveness.periodSeconds | int }}
  timeoutSeconds: {{ .Values.probes.liveness.timeoutSeconds | int }}
  failureThreshold: {{ .Values.probes.liveness.failureThreshold | int }}
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: {{ .Values.probes.readiness.periodSeconds | int }}
  timeoutSeconds: {{ .Values.probes.readiness.timeoutSeconds | int }}
  failureThreshold: {{ .Values.probes.readiness.failureThreshold | int }}
{{- end -}}

{{/* Before SIGTERM the pod goes on until nobody sends to it any more. The image has no sleep; kubelets have one from
1.30 on (PodLifecycleSleepAction). */}}
{{- define "llm-simulator.drain" -}}
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version -}}
sleep:
  seconds: {{ .Values.shutdown.drainSeconds | int }}
{{- else -}}
exec:
  command: [python3, -c, "import time; time.sleep({{ .Values.shutdown.drainSeconds | int }})"]
{{- end -}}
{{- end -}}

{{- define "llm-simulator.scheduling" -}}
{{- with .Values.nodeSelector -}}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with .Values.tolerations -}}
tolerations:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- if .Values.affinity -}}
affinity:
  {{- toYaml .Values.affinity | nindent 2 }}
{{ else if and (ne .Values.mode "daemonset") (eq .Values.antiAffinity "hard") -}}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "llm-simulator.selectorLabels" . | nindent 12 }}
{{ else if and (ne .Values.mode "daemonset") (eq .Values.antiAffinity "soft") -}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "llm-simulator.selectorLabels" . | nindent 14 }}
{{ end -}}
{{- if and (ne .Values.mode "daemonset") (ne .Values.topologySpread.whenUnsatisfiable "off") -}}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    maxSkew: {{ .Values.topologySpread.maxSkew | int }}
    whenUnsatisfiable: {{ .Values.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "llm-simulator.selectorLabels" . | nindent 8 }}
{{- end -}}
{{- end -}}
