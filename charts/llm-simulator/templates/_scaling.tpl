{{/* How fast pods come and go, for the HPA and for the one that KEDA makes. */}}

{{- define "llm-simulator.scalingBehavior" -}}
{{- range $direction, $behavior := .Values.hpa.behavior }}
{{ $direction }}:
  stabilizationWindowSeconds: {{ $behavior.stabilizationWindowSeconds | int }}
  policies:
    - type: Percent
      value: {{ $behavior.percent | int }}
      periodSeconds: {{ $behavior.periodSeconds | int }}
{{- end }}
{{- end -}}
