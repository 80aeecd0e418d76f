/** Help on one page, also for people who cannot sign in: the track, common problems, and the keys. */
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import { PLACES } from '../pipeline/queue/track-state.ts';
import { Track } from '../pipeline/queue/Track.tsx';
import { queueWords } from '../pipeline/queue/queue-words.ts';
import { resultWords } from '../results/parts/result-words.ts';
import { helpWords as words } from './help-words.ts';
import { landingOf } from './landing.ts';
import { startWords } from './start-words.ts';
import './help.css';

/** An example with some instances at each place of the track. */
const EXAMPLE = {
  total: 516,
  onDevice: 126,
  onItsWay: 36,
  atGateway: 12,
  inPacs: 340,
  needsYou: 2,
  leftOut: 0,
  waitingFor: null,
};

export function HelpView() {
  const session = useSession();
  const isSignedOut = session.state.value === 'signed-out';
  // For people who send, Upload takes the place of Start at the top of the page.
  const hasStart = !isSignedOut && landingOf({ page: 'start' }, session.user.value).page === 'start';
  return (
    <main id="content" class="page help">
      <h1 tabIndex={-1}>{kitWords.pages.help}</h1>
      {isSignedOut && (
        <p>
          <a class="button" href={hrefOf({ page: 'start' })}>
            {words.back}
          </a>
        </p>
      )}
      {hasStart && (
        <p>
          <a class="button" href={hrefOf({ page: 'start' })}>
            {startWords.title}
          </a>
        </p>
      )}
      <WhatGoesWrong />
      <TrackPart />
      <KeysPart />
      {!isSignedOut && (
        <section class="help-part" aria-labelledby="help-stuck">
          <h2 id="help-stuck">{words.stuck}</h2>
          <p>
            <a class="button" href={hrefOf({ page: 'settings' })}>
              {words.report}
            </a>
          </p>
        </section>
      )}
    </main>
  );
}

function WhatGoesWrong() {
  const problems = [...words.problems, { title: words.signIn, what: words.signInWhat, next: '' }];
  return (
    <section class="help-part" aria-labelledby="help-wrong">
      <h2 id="help-wrong" class="large">
        {words.wrong}
      </h2>
      <ul>
        {problems.map(({ title, what, next }) => (
          <li key={title} class="help-problem hairline">
            <h3>{title}</h3>
            <p class="quiet">{what}</p>
            {next && <p>{next}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function TrackPart() {
  return (
    <section class="help-part" aria-labelledby="help-track">
      <h2 id="help-track" class="large">
        {words.track}
      </h2>
      <p>{words.trackWhat}</p>
      <figure class="help-track">
        <Track track={EXAMPLE} size="large" />
        <figcaption class="small quiet">{words.example}</figcaption>
      </figure>
      <dl class="help-places">
        {PLACES.map((place) => (
          <div key={place} class="hairline">
            <dt class="strong">{queueWords.places[place]}</dt>
            <dd>{words.places[place]}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function KeysPart() {
  return (
    <section class="help-part" aria-labelledby="help-keys">
      <h2 id="help-keys" class="large">
        {words.keys}
      </h2>
      <Keys keys={words.general} />
      <p>{words.keysWhat}</p>
      <Keys keys={resultWords.keys.list} />
    </section>
  );
}

function Keys({ keys }: { readonly keys: readonly (readonly [string, string])[] }) {
  return (
    <dl class="help-keys">
      {keys.map(([key, what]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
