/** The doctor's findings at a destination: each with what to change, and the settings that fit. */
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import { destinationWords as words } from './destination-words.ts';

type Props = { readonly name: string; readonly examination: DestinationExamination | 'examining' | null };

export function Examination({ name, examination }: Props) {
  if (examination === null) return null;
  if (examination === 'examining')
    return (
      <p class="quiet" role="status">
        {words.examining}
      </p>
    );
  const { findings, settings } = examination;
  return (
    <section class="stack" aria-label={words.examined(name)}>
      <dl class="examination">
        {findings.map(({ title, result, says, change }) => (
          <div key={title} data-result={result}>
            <dt class={result === 'fail' ? 'strong' : ''}>
              {title} <span class="small">{words.results[result]}</span>
            </dt>
            <dd>
              <p>{says}</p>
              {(result === 'warn' || result === 'fail') &&
                change.map((text) => (
                  <p key={text} class="small">
                    {text}
                  </p>
                ))}
            </dd>
          </div>
        ))}
      </dl>
      {settings && <Settings settings={settings} />}
    </section>
  );
}

function Settings({
  settings: { lagMinutes, proof, bodyBytes },
}: {
  readonly settings: NonNullable<DestinationExamination['settings']>;
}) {
  const lines = [
    ...(lagMinutes === null ? [] : [words.lag(lagMinutes)]),
    ...(proof === null ? [] : [words.proof(proof)]),
    ...(bodyBytes === null ? [] : [words.body(bodyBytes)]),
  ];
  if (lines.length === 0) return null;
  return (
    <div>
      <p>{words.settings}</p>
      {lines.map((line) => (
        <p key={line} class="code">
          {line}
        </p>
      ))}
    </div>
  );
}
