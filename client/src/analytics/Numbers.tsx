/** A few large numbers, each with what it counts. */
import type { ComponentChildren } from 'preact';

export type LargeNumber = {
  readonly label: string;
  readonly value: string;
  readonly what?: ComponentChildren;
};

export function Numbers({ numbers }: { readonly numbers: readonly LargeNumber[] }) {
  return (
    <dl class="figures">
      {numbers.map(({ label, value, what }) => (
        <div key={label}>
          <dt class="small quiet">{label}</dt>
          <dd>
            <span class="large numbers">{value}</span>
            {what && <span class="small quiet">{what}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
