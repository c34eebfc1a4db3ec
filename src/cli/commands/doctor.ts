import { AppError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable.ts';
import type { DoctorCheck } from '../../contract/doctor.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

export function addDoctorCommand({ program, run }: CommandHost): void {
  program
    .command('doctor')
    .summary('check everything and say what to do')
    .description(
      "Checks Node, the credential store, folders, network, each login, each mirror's integrity and the clock; says what to do.",
    )
    .addHelpText('after', examples('doctor', 'doctor --json'))
    .action((_flags, command) => run(command, doctor));
}

async function doctor(call: Invocation): Promise<Outcome> {
  const app = await call.app();
  const result = await app.doctor();
  const failed = result.checks.filter(({ status }) => status === 'fail');
  return {
    document: result,
    text: () => result.checks.map((check) => linesOf(check, call)).join(''),
    failure:
      failed.length === 0
        ? null
        : new AppError(
            'DOCTOR_FAILED',
            `${counted(failed.length, 'check')} of ${result.checks.length} failed.`,
            {
              hint: 'Do what stands below each of them, then run `parahack-sync doctor` again.',
              details: { failed: failed.map(({ name }) => name) },
            },
          ),
  };
}

function linesOf({ name, status, message, hint }: DoctorCheck, { terminal: { style } }: Invocation): string {
  // Words beside the marks: a colour or a mark alone is lost on some readers.
  const mark = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('fail') }[status];
  const next = hint === null ? '' : `      ${style.cyan('→')} ${printableLine(hint)}\n`;
  return `${mark}  ${style.bold(name)}: ${printableLine(message)}\n${next}`;
}
