{{/* What each kind of controller is told: a session stays with its pod, streams are not held back and not cut, bodies
as large as llmsim takes (64 MiB) are let through, and a pod gets requests when it is ready. nginx hashes the header; the load
balancers of the clouds have cookies alone. */}}

{{- define "llm-simulator.ingressAnnotations" -}}
nginx:
  nginx.ingress.kubernetes.io/upstream-hash-by: "$http_x_llmsim_session"
  nginx.ingress.kubernetes.io/proxy-buffering: "off"
  nginx.ingress.kubernetes.io/proxy-body-size: 64m
  nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"
  nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"
alb:
  alb.ingress.kubernetes.io/target-type: ip
  alb.ingress.kubernetes.io/target-group-attributes: stickiness.enabled=true,stickiness.type=lb_cookie,stickiness.lb_cookie.duration_seconds=86400,deregistration_delay.timeout_seconds=30
  alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=3600
  alb.ingress.kubernetes.io/healthcheck-path: /readyz
  alb.ingress.kubernetes.io/healthcheck-interval-seconds: "10"
appgateway:
  appgw.ingress.kubernetes.io/cookie-based-affinity: "true"
  appgw.ingress.kubernetes.io/request-timeout: "3600"
  appgw.ingress.kubernetes.io/connection-draining: "true"
  appgw.ingress.kubernetes.io/connection-draining-timeout: "30"
  appgw.ingress.kubernetes.io/health-probe-path: /readyz
gce:
  # GKE's controller looks for this annotation, not for the class.
  kubernetes.io/ingress.class: gce
{{- end -}}
