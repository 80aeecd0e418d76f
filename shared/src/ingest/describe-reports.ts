/**
 * The de-identification reports of a manifest: each distinct report once, and for each instance the index of its
 * report.
 */
import type { WireReport } from '../protocol/deid-report.ts';
import type { Manifest, ManifestInstance } from '../protocol/manifest.ts';

/**
 * `reports` maps digests to the reports that instances name; each is listed once. All share one edition and the same
 * options, because one version of the code announces a study under one policy.
 */
export function describeReports(
  instances: readonly (ManifestInstance & { readonly reportDigest: string | null })[],
  reports: ReadonlyMap<string, WireReport>,
): Pick<Manifest, 'instances' | 'deidentification'> {
  const places = new Map<string, number>();
  const listed: WireReport[] = [];
  const named = instances.map(({ reportDigest, ...instance }): ManifestInstance => {
    const report = reportDigest === null ? undefined : reports.get(reportDigest);
    if (report === undefined) return instance;
    const place = places.get(report.digest) ?? listed.push(report) - 1;
    places.set(report.digest, place);
    return { ...instance, report: place };
  });
  const [first] = listed;
  if (first === undefined) return { instances: named };
  const lists = listed.map(({ actions, digest }) => (actions === null ? digest : [...actions]));
  return {
    instances: named,
    deidentification: { edition: first.edition, options: [...first.options], reports: lists },
  };
}
