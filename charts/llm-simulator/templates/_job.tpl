{{/* A pod that runs a script of the chart in the same image and ends: a list of the root context, the component, whether
it may speak to the cluster's API, and its command line as YAML. */}}

{{- define "llm-simulator.scriptPod" -}}
{{- $root := index . 0 -}}
metadata:
  labels:
    {{- include "llm-simulator.releaseLabels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ index . 1 }}
    {{- if eq (index . 1) "prune" }}
    {{- /* It speaks to the bucket as the pods do: by an identity that a label may ask for. */}}
    {{- with $root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- end }}
spec:
  restartPolicy: Never
  enableServiceLinks: false
  automountServiceAccountToken: {{ index . 2 }}
  {{- if index . 2 }}
  serviceAccountName: {{ include "llm-simulator.fullname" $root }}-{{ index . 1 }}
  {{- else }}
  serviceAccountName: {{ include "llm-simulator.serviceAccountName" $root }}
  {{- end }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "llm-simulator.podSecurityContext" $root | nindent 4 }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ index . 1 }}
      image: {{ include "llm-simulator.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      {{- index . 3 | nindent 6 }}
      resources:
        {{- include "llm-simulator.smallResources" $root | nindent 8 }}
      securityContext:
        {{- include "llm-simulator.containerSecurityContext" $root | nindent 8 }}
      volumeMounts:
        - name: scripts
          mountPath: /etc/llmsim/scripts
          readOnly: true
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: scripts
      configMap:
        name: {{ include "llm-simulator.fullname" $root }}-scripts
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
{{- end -}}
