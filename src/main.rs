//! The `haul` program: hands its arguments to the command line and its exit code to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    haul::cli::run(std::env::args_os()).into()
}
