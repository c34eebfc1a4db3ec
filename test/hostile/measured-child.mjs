// Loaded before the command line: leaves the most memory that the process ever held where the test looks for it.
import { writeFileSync } from 'node:fs';

process.once('exit', () => {
  writeFileSync(process.env.MEASURED_FILE, String(process.resourceUsage().maxRSS));
});
