//! Where a key is pressed: the same key may mean something else in another place.

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// A pane has the keys.
    Panes,
    /// The queue has the keys.
    Queue,
    /// The plan of a copy.
    Plan,
    /// Everything about one job.
    Details,
    /// The failures of one job.
    Errors,
    /// The conflicts of one job that wait for an answer.
    Conflicts,
    /// The files of one job.
    Files,
    /// The throughput of one job.
    Chart,
    /// The finished jobs.
    History,
    /// The list of keys.
    Help,
    /// A question with choices.
    Question,
    /// The menu of orders.
    Sort,
    /// The list of places.
    Places,
    /// The panel about a row of a pane.
    Info,
}

impl Context {
    /// Every context, in the order of the help screen.
    pub const ALL: [Self; 14] = [
        Self::Panes,
        Self::Queue,
        Self::Plan,
        Self::Details,
        Self::Errors,
        Self::Conflicts,
        Self::Files,
        Self::Chart,
        Self::History,
        Self::Question,
        Self::Sort,
        Self::Places,
        Self::Info,
        Self::Help,
    ];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panes => "panes",
            Self::Queue => "queue",
            Self::Plan => "plan",
            Self::Details => "details",
            Self::Errors => "errors",
            Self::Conflicts => "conflicts",
            Self::Files => "files",
            Self::Chart => "chart",
            Self::History => "history",
            Self::Question => "question",
            Self::Sort => "sort",
            Self::Places => "places",
            Self::Info => "info",
            Self::Help => "help",
        }
    }

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Panes => "Panes",
            Self::Queue => "Queue",
            Self::Plan => "Plan of a copy",
            Self::Details => "Details of a job",
            Self::Errors => "Errors of a job",
            Self::Conflicts => "Conflicts of a job",
            Self::Files => "Files of a job",
            Self::Chart => "Throughput of a job",
            Self::History => "History",
            Self::Question => "Questions",
            Self::Sort => "Order menu",
            Self::Places => "Places",
            Self::Info => "Info of a row",
            Self::Help => "This list",
        }
    }
}
