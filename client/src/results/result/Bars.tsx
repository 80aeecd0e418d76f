/**
 * Probabilities as bars, with the threshold drawn on the bar that it applies to. Every number is also text next to its
 * bar, so that nothing depends on length or colour alone.
 */
import type { Finding } from '#shared/protocol/inference.ts';
import { barsOf, type Bar } from '../parts/describe-result.ts';
import { resultWords } from '../parts/result-words.ts';

export function Bars({ finding }: { readonly finding: Finding }) {
  const bars = barsOf(finding);
  if (bars.length === 0) return null;
  return (
    <div class="result-part">
      <h2>{resultWords.bars.label}</h2>
      <ul class="bars">
        {bars.map((bar) => (
          <OneBar key={bar.name} bar={bar} />
        ))}
      </ul>
    </div>
  );
}

function OneBar({ bar: { name, probability, threshold } }: { readonly bar: Bar }) {
  const isAbove = threshold !== null && probability >= threshold;
  return (
    <li class="prob" data-decides={threshold !== null}>
      <p class="prob-line">
        <span class={threshold === null ? '' : 'strong'}>{name}</span>
        <span class="numbers strong">{resultWords.percent(probability)}</span>
      </p>
      <div class="prob-track" aria-hidden="true">
        <div class="prob-fill" data-above={isAbove} style={{ inlineSize: `${probability * 100}%` }} />
        {threshold !== null && <div class="prob-mark" style={{ insetInlineStart: `${threshold * 100}%` }} />}
      </div>
      {threshold !== null && (
        <p class="small quiet">{resultWords.bars[isAbove ? 'above' : 'below'](threshold)}</p>
      )}
    </li>
  );
}
