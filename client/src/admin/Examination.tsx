/** The findings of *Test*: what is wrong and what to change, all checks, and the settings that fit. */
import { useEffect, useRef } from 'preact/hooks';
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';
import { Icon } from '../kit/Icon.tsx';
import { hasSignIn } from './destination-form.ts';
import { fittingOf } from './fitting-settings.ts';
import { lookOf, wrongFirst } from './order-findings.ts';
import { destinationWords as words, waitsOf } from './destination-words.ts';
import type { Tested } from './destinations.store.ts';
import { limitFound } from './request-limit.ts';

type Props = {
  readonly destination: Destination;
  readonly tested: Tested | null;
  readonly onTune: (tuning: Destination['tuning']) => void;
};

export function Examination({ destination, tested, onTune }: Props) {
  const found = tested?.found ?? null;
  // An automatic check leaves the earlier findings on the screen.
  const isAsked = tested?.running === 'all' || tested?.running === 'store';
  const running = !isAsked && found !== null ? null : (tested?.running ?? null);
  const place = useSaidInSight(isAsked);
  const isShort = tested?.by === 'reach';
  return (
    <>
      <div role="status" ref={place}>
        {running !== null && <p class="quiet">{running === 'reach' ? words.reaching : words.testing}</p>}
        {running === null && found && <Verdict found={found} destination={destination} isShort={isShort} />}
      </div>
      {running === null && found && (
        <AllChecks destination={destination} found={found} isShort={isShort} onTune={onTune} />
      )}
    </>
  );
}

/**
 * A test takes up to a minute, and its result may be long. The first line of the result is scrolled into view, and gets
 * the focus if the focused control is gone. A person who is typing or has gone elsewhere is not disturbed.
 */
function useSaidInSight(isAsked: boolean): { current: HTMLDivElement | null } {
  const place = useRef<HTMLDivElement>(null);
  const wasAsked = useRef(false);
  useEffect(() => {
    const hasEnded = wasAsked.current && !isAsked;
    wasAsked.current = isAsked;
    const active = document.activeElement;
    const isFree = active === null || active === document.body;
    const isHere = isFree || active.closest('.destination')?.contains(place.current) === true;
    if (!hasEnded || !isHere || active?.matches('input, select, textarea')) return;
    const headline = place.current?.querySelector<HTMLElement>('.destination-finding p');
    if (isFree) headline?.focus({ preventScroll: true });
    headline?.scrollIntoView({ block: 'nearest' });
  }, [isAsked]);
  return place;
}

type Finding = DestinationExamination['findings'][number];

type VerdictProps = {
  readonly found: DestinationExamination;
  readonly destination: Destination;
  /** A short check covers what is needed to work with the destination, but not the limit of a request. */
  readonly isShort: boolean;
};

const LOOKS = { ok: 'pacs', answers: 'caution', wrong: 'decide' } as const;

function Verdict({ found, destination, isShort }: VerdictProps) {
  const { verdict, findings, milliseconds } = found;
  const wrong = wrongFirst(findings);
  const look = lookOf(found, destination);
  const isOk = look !== 'wrong';
  const limit = isOk ? limitFound(found) : null;
  const isWrong = verdict?.result === 'fail' || destination.refused !== null || destination.unlisted !== null;
  return (
    <div class="destination-finding" data-finding={look}>
      <Icon name={LOOKS[look]} />
      <div class="stack-tight">
        {isOk && limit === null && (
          <p tabIndex={-1}>{look === 'ok' ? words.well : isWrong ? words.answersAlone : words.wellBut}</p>
        )}
        {wrong.map((finding) => (
          <Wrong key={finding.title} finding={finding} />
        ))}
        {limit !== null && <p>{words.limited(limit)}</p>}
        {!isOk && destination.isPrimary && <PrimaryFails destination={destination} />}
        {isOk && isShort && hasSignIn(destination.kind) && <p class="small">{words.quick}</p>}
        <p class="small quiet numbers">{words.took(milliseconds)}</p>
      </div>
    </div>
  );
}

function PrimaryFails({ destination }: Pick<Props, 'destination'>) {
  return (
    <>
      <p>{words.primaryFails(waitsOf(destination))}</p>
      <p>{words.primaryFailsNext}</p>
    </>
  );
}

function Wrong({ finding: { says, change } }: { readonly finding: Finding }) {
  return (
    <div>
      <p class="strong" tabIndex={-1}>
        {says}
      </p>
      {change.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}

const BODIES_TOO_SMALL = 'bodies-too-small';

type ChecksProps = Pick<Props, 'destination' | 'onTune'> & Pick<VerdictProps, 'found' | 'isShort'>;

function AllChecks({ destination, found: { findings, settings }, isShort, onTune }: ChecksProps) {
  // Smaller requests do not help an image that is itself larger than the limit.
  const isTooSmall = findings.some(({ code }) => code === BODIES_TOO_SMALL);
  return (
    <section class="stack" aria-label={words.examined(destination.name)}>
      {settings && !isTooSmall && <Settings destination={destination} settings={settings} onTune={onTune} />}
      <details class="disclosure">
        <summary>
          <span class="disclosure-mark">
            <Icon name="chevron" size={16} turns />
          </span>
          {words.allChecks(findings.length, isShort)}
        </summary>
        <dl class="examination">
          {findings.map(({ title, result, says }) => (
            <div key={title} data-result={result}>
              <dt class={result === 'fail' ? 'strong' : ''}>
                {title} <span class="small">{words.results[result]}</span>
              </dt>
              <dd>
                <p>{says}</p>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}

type SettingsProps = Pick<Props, 'destination' | 'onTune'> & {
  readonly settings: NonNullable<DestinationExamination['settings']>;
};

function Settings({ destination: { name, tuning }, settings, onTune }: SettingsProps) {
  const fitting = fittingOf(settings, tuning);
  const isSaved = JSON.stringify(fitting) === JSON.stringify(tuning);
  if (isSaved) return null;
  const lines = words.tuned(fitting);
  return (
    <div class="stack-tight">
      <p>{lines.length === 0 ? words.usualSettings : words.settings}</p>
      {lines.length > 0 && (
        <ul class="plain">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <p>
        <button
          type="button"
          class="button"
          aria-label={words.of(words.saveSettings, name)}
          onClick={() => onTune(fitting)}
        >
          {words.saveSettings}
        </button>
      </p>
    </div>
  );
}
