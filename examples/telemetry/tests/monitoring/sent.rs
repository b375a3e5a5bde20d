//! What exporters got.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, GaugeDataPoint, HistogramDataPoint, Metric, MetricData, ResourceMetrics,
    ScopeMetrics, SumDataPoint,
};
use opentelemetry_sdk::trace::InMemorySpanExporter;
use telemetry_example::Telemetry;

use crate::traces::Traces;

/// Keeps in memory what is sent.
pub(crate) struct Sent {
    pub(crate) telemetry: Telemetry,
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
}

impl Sent {
    pub(crate) fn start() -> Self {
        let spans = InMemorySpanExporter::default();
        let metrics = InMemoryMetricExporter::default();
        Self {
            telemetry: Telemetry::to(spans.clone(), metrics.clone()),
            spans,
            metrics,
        }
    }

    /// The spans since the last look.
    pub(crate) fn traces(&self) -> Traces {
        let begin = Instant::now();
        let spans = loop {
            self.telemetry.spans.force_flush().unwrap();
            let spans = self.spans.get_finished_spans().unwrap();
            // The exporter's thread may have something to say of its own, and be late.
            if !spans.is_empty() || begin.elapsed() > Duration::from_secs(1) {
                break spans;
            }
            thread::sleep(Duration::from_millis(10));
        };
        self.spans.reset();
        Traces::of(spans)
    }

    /// Each metric as the guide describes it: name, kind, unit, attributes.
    pub(crate) fn metric_rows(&self) -> BTreeSet<Vec<String>> {
        let metrics = self.metrics().into_iter();
        metrics.map(|measured| measured.row.into()).collect()
    }

    /// Each metric with its attribute and its value; with the number of values if it is a histogram.
    pub(crate) fn values(&self) -> Vec<String> {
        let metrics = self.metrics().into_iter();
        metrics
            .map(|Measured { row, of, value, .. }| format!("{}{of}: {value}", row[0]))
            .collect()
    }

    /// The sum of all values of a histogram.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        let metrics = self.metrics().into_iter();
        let of_name = metrics.filter(|measured| measured.row[0] == name);
        of_name.map(|measured| measured.sum).sum()
    }

    fn metrics(&self) -> Vec<Measured> {
        self.metrics.reset();
        self.telemetry.metrics.force_flush().unwrap();
        let sent = self.metrics.get_finished_metrics().unwrap();
        let scopes = sent.iter().flat_map(ResourceMetrics::scope_metrics);
        let metrics = scopes.flat_map(ScopeMetrics::metrics);
        let mut measured: Vec<Measured> = metrics.flat_map(measured).collect();
        measured.sort_by(|a, b| (&a.row, &a.of).cmp(&(&b.row, &b.of)));
        measured
    }
}

/// A metric, of one seed if it is about seeds.
struct Measured {
    row: [String; 4],
    of: String,
    value: String,
    sum: f64,
}

fn measured(metric: &Metric) -> Vec<Measured> {
    let new = |kind: &str, attributes: Vec<&KeyValue>, value: String| {
        let keys: Vec<&str> = attributes.iter().map(|pair| pair.key.as_str()).collect();
        let values = attributes.iter().map(|pair| format!(" {}", pair.value));
        Measured {
            row: [metric.name(), kind, metric.unit(), &keys.join(", ")].map(str::to_owned),
            of: values.collect(),
            value,
            sum: 0.0,
        }
    };
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            let points = sum.data_points();
            let counter = |point: &SumDataPoint<u64>| {
                let value = point.value().to_string();
                new("counter", point.attributes().collect(), value)
            };
            points.map(counter).collect()
        }
        AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
            let points = gauge.data_points();
            let gauge = |point: &GaugeDataPoint<f64>| {
                let value = point.value().to_string();
                new("gauge", point.attributes().collect(), value)
            };
            points.map(gauge).collect()
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
            let points = histogram.data_points();
            let histogram = |point: &HistogramDataPoint<f64>| {
                let value = point.count().to_string();
                let measured = new("histogram", point.attributes().collect(), value);
                Measured {
                    sum: point.sum(),
                    ..measured
                }
            };
            points.map(histogram).collect()
        }
        other => panic!("no metric of the guide: {other:?}"),
    }
}
