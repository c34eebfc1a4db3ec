import type { OutboxState, OutboxWait } from '../../contract/outbox.ts';
import { counted } from '../render/quantity.ts';

/** Entries that are named in one command; `--json` has all. */
const mostNamed = 20;

/** What has to be done about others first, by the command for each state. */
export function waitsText(waits: readonly OutboxWait[]): string {
  const others = counted(waits.length, 'other', 'others');
  return `Before that, ${others} that ${waits.length === 1 ? 'goes' : 'go'} with it or not at all must be decided: ${stepsOf(waits, { grouped: true })}.`;
}

/** Of one entry that waits: earlier ones of its contact, and what to do about them. */
export function behindText(waits: readonly OutboxWait[]): string {
  const earlier = counted(waits.length, 'earlier change', 'earlier changes');
  return `for ${earlier} of the contact, which must be decided first: ${stepsOf(waits, { grouped: false })}`;
}

/** `grouped`: what goes with others or not at all cannot give its own values up. */
function stepsOf(waits: readonly OutboxWait[], { grouped }: { grouped: boolean }): string {
  const byState = [...Map.groupBy(waits, ({ state }) => state)];
  return byState.map(([state, ones]) => stepOf(state, ones, { grouped })).join('; ');
}

function stepOf(state: OutboxState, ones: readonly OutboxWait[], { grouped }: { grouped: boolean }): string {
  const named = ones.slice(0, mostNamed).map(({ key }) => key);
  const rest = ones.length > named.length ? `, and so on for ${ones.length - named.length} more` : '';
  const keys = named.join(' ');
  switch (state) {
    case 'held':
      return `\`parahack-sync outbox approve ${keys}\` for what is held${rest}`;
    case 'conflict':
      return `\`parahack-sync outbox retry ${keys} --take local\`${grouped ? '' : ', or --take salesforce,'} for what is in conflict${rest}`;
    case 'in-doubt':
      return `\`parahack-sync outbox settle ${keys} --not-sent\`, or --auto, for what is in doubt${rest}`;
    default:
      return `the next \`watch\` cycle or \`push\` for what is ${state} (${keys})${rest}`;
  }
}
