{{/* Requests and limits by kind of use: CPU request, CPU limit, memory request, memory limit. */}}

{{- define "llm-simulator.presets" -}}
development: [250m, 1000m, 512Mi, 2Gi]
staging: [500m, 2000m, 1Gi, 4Gi]
production-light: [1000m, 4000m, 2Gi, 8Gi]
production-heavy: [2000m, 8000m, 4Gi, 16Gi]
high-throughput: [4000m, 16000m, 8Gi, 32Gi]
{{- end -}}

{{- define "llm-simulator.resources" -}}
{{- if .Values.resources -}}
{{- toYaml .Values.resources -}}
{{- else if ne .Values.resourcesPreset "none" -}}
{{- $row := get (include "llm-simulator.presets" . | fromYaml) .Values.resourcesPreset -}}
requests:
  cpu: {{ index $row 0 }}
  memory: {{ index $row 2 }}
limits:
  cpu: {{ index $row 1 }}
  memory: {{ index $row 3 }}
{{- else -}}
{}
{{- end -}}
{{- end -}}

{{/* What the server requests of a resource: the limit where no request is named, nothing where neither is. A list of the
root context and cpu or memory. */}}
{{- define "llm-simulator.requested" -}}
{{- $resources := include "llm-simulator.resources" (index . 0) | fromYaml -}}
{{- $limit := dig "limits" (index . 1) "" $resources -}}
{{- dig "requests" (index . 1) $limit $resources -}}
{{- end -}}

{{/* The server's CPU request in millicores; 0 where there is none. */}}
{{- define "llm-simulator.cpuRequestMillicores" -}}
{{- $cpu := include "llm-simulator.requested" (list . "cpu") | default "0" -}}
{{- if hasSuffix "m" $cpu -}}{{ trimSuffix "m" $cpu | int }}{{- else -}}{{ mulf 1000 (float64 $cpu) | int }}{{- end -}}
{{- end -}}

{{/* What a container needs that asks, checks or prepares something and ends. */}}
{{- define "llm-simulator.smallResources" -}}
requests:
  cpu: 50m
  memory: 128Mi
limits:
  cpu: "1"
  memory: 512Mi
{{- end -}}
