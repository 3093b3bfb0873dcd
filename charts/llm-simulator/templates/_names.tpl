{{/* Names and labels. A release called llm-simulator gives objects called llm-simulator. */}}

{{- define "llm-simulator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 35 characters: a CronJob's name may have 52, and the longest ending, -volume-snapshots, has 17. */}}
{{- define "llm-simulator.fullname" -}}
{{- $name := include "llm-simulator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 35 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 35 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 35 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects everything of this release; never changed, as selectors cannot be. */}}
{{- define "llm-simulator.releaseLabels" -}}
app.kubernetes.io/name: {{ include "llm-simulator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* What selects the pods that serve. */}}
{{- define "llm-simulator.selectorLabels" -}}
{{ include "llm-simulator.releaseLabels" . }}
app.kubernetes.io/component: server
{{- end -}}

{{/* Labels of an object: a list of the root context and the component. */}}
{{- define "llm-simulator.labels" -}}
{{- $root := index . 0 -}}
{{ include "llm-simulator.releaseLabels" $root }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/version: {{ $root.Values.image.tag | default $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name, namespace and labels of an object: a list of the root context, the component, and the end of its name. */}}
{{- define "llm-simulator.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "llm-simulator.fullname" $root }}{{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "llm-simulator.labels" (list $root (index . 1)) | nindent 2 }}
{{- end -}}

{{- define "llm-simulator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "llm-simulator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "llm-simulator.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* The kind that `mode` makes. */}}
{{- define "llm-simulator.kind" -}}
{{- get (dict "statefulset" "StatefulSet" "deployment" "Deployment" "daemonset" "DaemonSet") .Values.mode -}}
{{- end -}}
