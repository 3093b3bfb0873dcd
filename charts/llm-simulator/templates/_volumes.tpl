{{/* Volumes of the pod that serves, where they are mounted, and what runs on the data before it. */}}

{{- define "llm-simulator.mounts" -}}
- name: data
  mountPath: {{ include "llm-simulator.dataDir" . }}
- name: tmp
  mountPath: /tmp
- name: settings
  mountPath: /etc/llmsim/settings
  readOnly: true
{{- if or .Values.profiles.files .Values.profiles.existingConfigMap }}
- name: profiles
  mountPath: /etc/llmsim/profiles
  readOnly: true
{{- end }}
{{- if .Values.sessions.files }}
- name: sessions
  mountPath: /etc/llmsim/sessions
  readOnly: true
{{- end }}
{{- if .Values.encryption.existingSecret }}
- name: keys
  mountPath: /etc/llmsim/keys
  readOnly: true
{{- end }}
{{- if .Values.secretProviderClass.enabled }}
- name: secrets-store
  mountPath: /etc/llmsim/secrets-store
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "llm-simulator.volumes" -}}
{{- if eq .Values.mode "deployment" -}}
- name: data
  emptyDir:
    sizeLimit: {{ .Values.deployment.cacheSizeLimit }}
{{ else if eq .Values.mode "daemonset" -}}
- name: data
  {{- if eq .Values.daemonset.cache.type "hostPath" }}
  hostPath:
    # A folder for each release, as two would share one store.
    path: {{ printf "%s/%s/%s" .Values.daemonset.cache.hostPath .Release.Namespace (include "llm-simulator.fullname" .) }}
    type: {{ ternary "DirectoryOrCreate" "Directory" .Values.daemonset.cache.prepare }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{ end -}}
- name: tmp
  emptyDir:
    sizeLimit: 1Gi
- name: settings
  configMap:
    name: {{ include "llm-simulator.fullname" . }}-settings
{{- if or .Values.profiles.files .Values.profiles.existingConfigMap }}
- name: profiles
  configMap:
    name: {{ .Values.profiles.existingConfigMap | default (printf "%s-profiles" (include "llm-simulator.fullname" .)) }}
{{- end }}
{{- if .Values.sessions.files }}
- name: sessions
  configMap:
    name: {{ include "llm-simulator.fullname" . }}-sessions
{{- end }}
{{- if .Values.encryption.existingSecret }}
- name: keys
  secret:
    secretName: {{ .Values.encryption.existingSecret }}
    # 0440: for the group that the pod is in, and nobody else.
    defaultMode: 288
    items:
      - key: {{ .Values.encryption.secretKey }}
        path: keys.txt
{{- end }}
{{- if .Values.secretProviderClass.enabled }}
- name: secrets-store
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ include "llm-simulator.fullname" . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* In this order: make the folder ours, restore an empty volume, test the store. */}}
{{- define "llm-simulator.initContainers" -}}
{{- if and (eq .Values.mode "daemonset") (eq .Values.daemonset.cache.type "hostPath") .Values.daemonset.cache.prepare -}}
- name: prepare
  image: {{ include "llm-simulator.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [python3, -c]
  args:
    - |
      import os
      os.chmod("/data", 0o700)
      os.chown("/data", 1000, 1000)
  resources:
    {{- include "llm-simulator.smallResources" . | nindent 4 }}
  securityContext:
    runAsNonRoot: false
    runAsUser: 0
    runAsGroup: 0
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
      add: [CHOWN, FOWNER]
  volumeMounts:
    - name: data
      mountPath: /data
{{ end -}}
{{- if .Values.restore.from -}}
- name: restore
  args:
    - restore
    - {{ .Values.restore.from | quote }}
    - --if-empty
    {{- if .Values.restore.orFresh }}
    - --or-fresh
    {{- end }}
  {{- include "llm-simulator.initContainer" . | nindent 2 }}
{{ end -}}
{{- if and .Values.init.check (ne .Values.mode "deployment") -}}
- name: check
  args: [check, --allow-empty]
  {{- include "llm-simulator.initContainer" . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What init containers of llmsim have in common: the server's own environment, volumes and resources. */}}
{{- define "llm-simulator.initContainer" -}}
image: {{ include "llm-simulator.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "llm-simulator.environment" . }}
resources:
  {{- include "llm-simulator.resources" . | nindent 2 }}
securityContext:
  {{- include "llm-simulator.containerSecurityContext" . | nindent 2 }}
volumeMounts:
  {{- include "llm-simulator.mounts" . | nindent 2 }}
{{- end -}}
