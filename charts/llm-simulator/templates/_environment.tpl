{{/* What llmsim is told: a TOML file for what all pods share, variables for what differs or is secret. */}}

{{- define "llm-simulator.dataDir" -}}/var/lib/llmsim{{- end -}}

{{/* The TOML file. JSON's texts, numbers, truth values and lists of texts are TOML's as well. */}}
{{- define "llm-simulator.settings" -}}
port = {{ .Values.port }}
{{- range $key, $value := .Values.settings }}
{{- if and (not (kindIs "invalid" $value)) (ne $key "snapshot_every") }}
{{ $key }} = {{ $value | toJson }}
{{- end }}
{{- end }}
{{- if and .Values.settings.snapshot_every (include "llm-simulator.snapshotPlace" .) (not .Values.snapshots.cronJob.enabled) }}
snapshot_every = {{ .Values.settings.snapshot_every | toJson }}
{{- end }}
{{- if or .Values.profiles.files .Values.profiles.existingConfigMap }}
profiles = ["/etc/llmsim/profiles"]
{{- end }}
{{- if or .Values.sessions.files .Values.sessions.shipped }}
{{- $scripts := .Values.sessions.shipped | default list }}
{{- range $name := keys .Values.sessions.files | sortAlpha }}
{{- $scripts = append $scripts (printf "/etc/llmsim/sessions/%s" $name) }}
{{- end }}
scripts = {{ $scripts | toJson }}
{{- end }}
{{- if .Values.encryption.existingSecret }}
key_file = "/etc/llmsim/keys/keys.txt"
{{- end }}
{{- end -}}

{{/* Variables of the server and its init containers. In deployments and daemonsets every pod is pod 0: their names may
end in digits that mean nothing. */}}
{{- define "llm-simulator.environment" -}}
env:
  - name: LLMSIM_CONFIG
    value: /etc/llmsim/settings/settings.toml
  - name: LLMSIM_HOST
    value: {{ .Values.host | quote }}
  - name: LLMSIM_DATA_DIR
    value: {{ include "llm-simulator.dataDir" . }}
  - name: LLMSIM_ORDINAL
    {{- if eq .Values.mode "statefulset" }}
    valueFrom:
      fieldRef:
        fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
    {{- else }}
    value: "0"
    {{- end }}
  {{- if .Values.seed.existingSecret }}
  - name: LLMSIM_SEED
    valueFrom:
      secretKeyRef:
        name: {{ .Values.seed.existingSecret }}
        key: {{ .Values.seed.secretKey }}
  {{- end }}
  {{- with include "llm-simulator.bucketVariables" . }}
  {{- trim . | nindent 2 }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with include "llm-simulator.bucketSecret" . }}
{{ . }}
{{- end }}
{{- end -}}

{{/* What the clients of object stores read: variables, and credentials from a Secret. */}}
{{- define "llm-simulator.bucketVariables" -}}
{{- range $name, $value := .Values.objectStore.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "llm-simulator.bucketSecret" -}}
{{- if .Values.objectStore.existingSecret -}}
envFrom:
  - secretRef:
      name: {{ .Values.objectStore.existingSecret }}
{{- end -}}
{{- end -}}
